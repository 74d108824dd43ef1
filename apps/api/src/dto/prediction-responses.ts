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
import { EXAMPLE_BATCH, EXAMPLE_PREDICTION } from './examples.js';
import { Omittable } from './omittable.js';

export class SentimentProbabilitiesDto implements SentimentProbabilities {
  @JSONSchema({ examples: [EXAMPLE_PREDICTION.probabilities.negative] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly negative!: number;

  @JSONSchema({ examples: [EXAMPLE_PREDICTION.probabilities.positive] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly positive!: number;
}

export class PredictResponseDto implements PredictResponse {
  @JSONSchema({ description: 'The review as it was sent.', examples: [EXAMPLE_PREDICTION.text] })
  @IsString()
  readonly text!: string;

  @JSONSchema({ examples: [EXAMPLE_PREDICTION.sentiment] })
  @IsIn(SENTIMENTS)
  readonly sentiment!: Sentiment;

  @JSONSchema({ description: 'The probability of the sentiment.', examples: [EXAMPLE_PREDICTION.confidence] })
  @Max(1)
  @Min(0)
  @IsNumber()
  readonly confidence!: number;

  @ValidateNested()
  @Type(() => SentimentProbabilitiesDto)
  readonly probabilities!: SentimentProbabilitiesDto;

  @JSONSchema({
    description: 'By which this prediction can be spoken of later.',
    examples: [EXAMPLE_PREDICTION.prediction_id],
  })
  @IsUUID('4')
  readonly prediction_id!: string;

  @JSONSchema({ description: 'Version of the model that answered.', examples: [EXAMPLE_PREDICTION.model_version] })
  @IsString()
  readonly model_version!: string;

  @JSONSchema({
    description: 'Tokens of the whole text; a linear model’s are its words.',
    examples: [EXAMPLE_PREDICTION.token_count],
  })
  @IsInt()
  @Min(0)
  readonly token_count!: number;

  @JSONSchema({
    description: 'Whether the model left a part of the text unread.',
    examples: [EXAMPLE_PREDICTION.truncated],
  })
  @IsBoolean()
  readonly truncated!: boolean;

  @JSONSchema({
    description: 'Which part of a cascade answered. Other kinds of model have none.',
    examples: [EXAMPLE_PREDICTION.stage],
  })
  @Omittable()
  @IsIn(STAGES)
  readonly stage?: Stage;
}

export class BatchPredictResponseDto implements BatchPredictResponse {
  @JSONSchema({ description: 'One prediction a review, in the order of the reviews.', examples: [EXAMPLE_BATCH] })
  @ValidateNested({ each: true })
  @Type(() => PredictResponseDto)
  @IsArray()
  readonly predictions!: PredictResponseDto[];

  @JSONSchema({ examples: [EXAMPLE_BATCH.length] })
  // @IsInt first: the schema takes the type of the first decorator, and @Min says number.
  @IsInt()
  @Min(1)
  readonly total_count!: number;

  @JSONSchema({ examples: [3.42] })
  @Min(0)
  @IsNumber()
  readonly processing_time_ms!: number;
}
