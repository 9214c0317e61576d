import { differential } from './differential.ts'
import { before } from './mlflow.ts'

differential('before', before)
