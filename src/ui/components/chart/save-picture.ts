import { download } from '../download.ts'
import type { PictureFiles } from './figure.tsx'

/** An SVG picture as a PNG file, at twice its size for paper and dense screens. */
async function pngOf(svg: string): Promise<Blob> {
  const image = new Image()
  // An address that begins with data: is what the content policy allows for images.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.width * 2
  canvas.height = image.height * 2
  const context = canvas.getContext('2d')!
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--surface')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be made'))), 'image/png'),
  )
}

/** @param name of the file, without its ending. */
export async function savePicture(name: string, as: 'csv' | 'svg' | 'png', files: PictureFiles): Promise<void> {
  if (as === 'csv') download(`${name}.csv`, 'text/csv', files.csv())
  else if (as === 'svg') download(`${name}.svg`, 'image/svg+xml', await files.svg())
  else download(`${name}.png`, 'image/png', await pngOf(await files.svg()))
}
