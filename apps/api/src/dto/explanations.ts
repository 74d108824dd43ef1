import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsIn, IsInt, IsNumber, IsString, Min, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { EXPLANATION_METHODS } from '@marquee/contracts';
import type { ExplainRequest, ExplainResponse, ExplanationMethod, WordAttribution } from '@marquee/contracts';
import { Omittable } from './omittable.js';
import { EXAMPLE_EXPLANATION } from './examples.js';
import { PredictResponseDto } from './prediction-responses.js';
import { IsReviewText } from './review-text.js';

@JSONSchema({ additionalProperties: false })
export class ExplainRequestDto implements ExplainRequest {
  @JSONSchema({
    description: 'The movie review. Characters are Unicode code points.',
    examples: [EXAMPLE_EXPLANATION.text],
  })
  @IsReviewText()
  readonly text!: string;

  @JSONSchema({
    description: 'How words are given their scores; default `integrated_gradients`.',
    examples: ['integrated_gradients'],
  })
  @Omittable()
  @IsIn(EXPLANATION_METHODS, { message: `method must be one of ${EXPLANATION_METHODS.join(', ')}` })
  readonly method?: ExplanationMethod;
}

export class WordAttributionDto implements WordAttribution {
  @JSONSchema({ examples: ['superb'] })
  @IsString()
  readonly word!: string;

  @JSONSchema({
    description: 'Where the word starts, in Unicode code points from the start of the text.',
    examples: [14],
  })
  @IsInt()
  @Min(0)
  readonly start!: number;

  @JSONSchema({ description: 'Where it ends: the code point behind its last.', examples: [20] })
  @IsInt()
  @Min(1)
  readonly end!: number;

  @JSONSchema({ description: 'What the word adds to the log-odds of positive.', examples: [4.6] })
  @IsNumber()
  readonly score!: number;
}

@JSONSchema({ examples: [EXAMPLE_EXPLANATION] })
export class ExplainResponseDto extends PredictResponseDto implements ExplainResponse {
  @JSONSchema({ examples: ['integrated_gradients'] })
  @IsIn(EXPLANATION_METHODS)
  readonly method!: ExplanationMethod;

  @JSONSchema({ description: 'Every word of the text, in order; 0 where the model does not read it.' })
  @ValidateNested({ each: true })
  @Type(() => WordAttributionDto)
  @IsArray()
  readonly attributions!: WordAttributionDto[];

  @JSONSchema({
    description: 'How far the scores’ sum is from the log-odds of the text minus those of the method’s baseline.',
    examples: [0.004],
  })
  @IsNumber()
  @Min(0)
  readonly completeness_gap!: number;

  @JSONSchema({ description: 'Steps of the integral, or runs on a changed text.', examples: [32] })
  @IsInt()
  @Min(1)
  readonly steps!: number;

  @JSONSchema({ description: 'Whether the method did all that it set out to do within the time.', examples: [true] })
  @IsBoolean()
  readonly converged!: boolean;

  @JSONSchema({ description: 'Tokens run through the model: tokens of the review times steps.', examples: [462] })
  @IsInt()
  @Min(0)
  readonly cost!: number;
}
