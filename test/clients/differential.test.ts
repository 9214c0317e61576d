import { differential } from './differential.ts'
import { newest } from './mlflow.ts'

differential('newest', newest)
