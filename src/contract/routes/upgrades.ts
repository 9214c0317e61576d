import * as z from 'zod'
import { route } from '../route.ts'
import { upgradeReportSchema, upgradeSchema } from '../upgrade.ts'

export const upgradeRoutes = {
  keepUpgrade: route({
    method: 'POST',
    keyed: true,
    path: '/api/upgrades',
    group: 'delivery',
    summary: 'Keep the report of somebody who tried new versions of packages with the project that is in force here',
    body: z.object({ report: upgradeReportSchema, actor: z.string().default('user') }),
    bodyLimit: 8 << 20,
    response: upgradeSchema,
  }),
  upgrades: route({
    method: 'GET',
    path: '/api/upgrades',
    group: 'delivery',
    summary: 'Reports of upgrades that were tried, newest first',
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
    response: z.object({ upgrades: z.array(upgradeSchema) }),
  }),
}
