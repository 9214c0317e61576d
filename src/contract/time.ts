import * as z from 'zod'

/** The last time that there is on a calendar of JavaScript, in the year 275,760; the first is as far before 1970. */
const lastTime = 8.64e15

/** UTC milliseconds that are a time. */
export const timeSchema = z.number().min(-lastTime).max(lastTime)
/** The same in an address, where it is a text. */
export const timeInAddressSchema = z.coerce.number().min(-lastTime).max(lastTime)
