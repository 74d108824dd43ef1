import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsString, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { SENTIMENTS, STAGES } from '@marquee/contracts';
import type {
  BatchPredictResponse,
  PredictResponse,
  Sentiment,
  SentimentProbabilities,
  Stage,
} from '@marquee/contracts';
import { Omittable } from './omittable.js';

export class SentimentProbabilitiesDto implements SentimentProbabilities {
  @JSONSchema({ examples: [0.0013] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly negative!: number;

  @JSONSchema({ examples: [0.9987] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly positive!: number;
}

export class PredictResponseDto implements PredictResponse {
  @JSONSchema({ description: 'The review as it was sent.', examples: ['This movie was absolutely fantastic!'] })
  @IsString()
  readonly text!: string;

  @JSONSchema({ examples: ['positive'] })
  @IsIn(SENTIMENTS)
  readonly sentiment!: Sentiment;

  @JSONSchema({ description: 'The probability of the sentiment.', examples: [0.9987] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly confidence!: number;

  @ValidateNested()
  @Type(() => SentimentProbabilitiesDto)
  readonly probabilities!: SentimentProbabilitiesDto;

  @JSONSchema({
    description: 'By which this prediction can be spoken of later.',
    examples: ['1b4e28ba-2fa1-4d2a-883f-0016d3cca427'],
  })
  @IsUUID('4')
  readonly prediction_id!: string;

  @JSONSchema({ description: 'Version of the model that answered.', examples: ['cd17a3f5ec11'] })
  @IsString()
  readonly model_version!: string;

  @JSONSchema({ description: 'Tokens of the whole text; a linear model’s are its words.', examples: [18] })
  @IsInt()
  @Min(0)
  readonly token_count!: number;

  @JSONSchema({ description: 'Whether the model left a part of the text unread.', examples: [false] })
  @IsBoolean()
  readonly truncated!: boolean;

  @JSONSchema({
    description: 'Which part of a cascade answered. Other kinds of model have none.',
    examples: ['linear'],
  })
  @Omittable()
  @IsIn(STAGES)
  readonly stage?: Stage;
}

export class BatchPredictResponseDto implements BatchPredictResponse {
  @JSONSchema({ description: 'One prediction a review, in the order of the reviews.' })
  @ValidateNested({ each: true })
  @Type(() => PredictResponseDto)
  @IsArray()
  readonly predictions!: PredictResponseDto[];

  @JSONSchema({ examples: [2] })
  // @IsInt first: the schema takes the type of the first decorator, and @Min says number.
  @IsInt()
  @Min(1)
  readonly total_count!: number;

  @JSONSchema({ examples: [145.67] })
  @Min(0)
  @IsNumber()
  readonly processing_time_ms!: number;
}
