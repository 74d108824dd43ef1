import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsNumber, IsString, Max, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { SENTIMENTS } from '@marquee/contracts';
import type { BatchPredictResponse, PredictResponse, Sentiment, SentimentProbabilities } from '@marquee/contracts';

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
