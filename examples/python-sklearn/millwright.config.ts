import { atLeast, beats, calibrated, command, defineProject, judged, pipeline, registered } from 'millwright'

const python = { lock: 'requirements.txt' }

const rows = command('rows', [], ['python', 'rows.py'], { python, yields: ['learn.csv', 'held.csv'] })
const train = command('train', [rows], ['python', 'train.py'], { python, yields: ['scores.csv', 'model.onnx'] })
const judge = judged('judge', train, {
  task: 'binary',
  scores: 'scores.csv',
  gates: [atLeast('auc', 0.97), beats('baseline').on('auc').by(0.05), calibrated({ within: 0.1 })],
})
const register = registered('register', judge, { model: 'tumours', file: 'model.onnx' })

export default defineProject('python-sklearn', { pipelines: [pipeline('tumours', { steps: [register] })] })
