/** How the states of a version look. */
export const stateIcons = { registered: 'good', refused: 'bad', candidate: 'working' } as const
