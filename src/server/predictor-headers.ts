/** Of what the control plane asks prediction services itself: they may ask for a token, which both processes were given. */
export function predictorHeaders(): Record<string, string> {
  const token = process.env.MILLWRIGHT_PREDICTOR_TOKEN
  return { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
}
