/** What is written to a folder of results, by what it is. */
export const RESULT_FILES = {
  explorationPicture: 'eda_visualizations.png',
  trainingPicture: 'training_curves.png',
  evaluationPicture: 'evaluation_metrics.png',
  evaluation: 'evaluation_results.json',
  samples: 'sample_predictions.json',
  page: 'report.html',
} as const;

/** What an evaluation alone writes. */
export const EVALUATION_FILES = [
  RESULT_FILES.evaluationPicture,
  RESULT_FILES.evaluation,
  RESULT_FILES.samples,
  RESULT_FILES.page,
] as const;

/** Stands in the folder of a run, or where the user stands. */
export const RESULTS_FOLDER = 'results';
