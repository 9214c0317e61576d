/** What a model predicts: one of two classes, one of several, or a number. */
export const tasks = ['binary', 'multiclass', 'regression'] as const
export type Task = (typeof tasks)[number]
