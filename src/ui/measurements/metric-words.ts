const words: Record<string, string> = {
  auc: 'AUC',
  log_loss: 'Log loss',
  brier: 'Brier score',
  rmse: 'RMSE',
  mae: 'MAE',
  r2: 'R²',
  f1: 'F1',
  ece: 'Calibration error',
}

/** A metric as people write it. */
export const metricWord = (metric: string): string => words[metric] ?? metric.replaceAll('_', ' ')
