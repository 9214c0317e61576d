import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import tzLookup from '@photostructure/tz-lookup'

/** Flights of a stretch of time, a column an array. Times are UTC milliseconds. */
export interface Flights {
  flight_id: string[]
  departs_at: number[]
  origin: string[]
  destination: string[]
  distance: number[]
  delay: number[]
}

/**
 * The world outside Millwright: three million real flights as they departed and landed. It knows the truth and tells it in time, and no
 * sooner. It works out times by another library than Millwright does (DuckDB's ICU), so that both are checked.
 */
export class World {
  private constructor(private readonly database: DuckDBConnection) {}

  static async open(flights: string, airports: string): Promise<World> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '700MB' })
    const database = await instance.connect()
    const prefix = createHash('sha256').update(readFileSync(flights)).digest('hex').slice(0, 12)
    await database.run("set timezone = 'UTC'")
    await database.run(
      `create table airport as select iata, latitude, longitude, ''::varchar as zone from read_csv('${airports}')`,
    )
    const places = await database.runAndReadAll('select iata, latitude, longitude from airport')
    const zones = places
      .getRowObjects()
      .map((row) => ({ iata: String(row.iata), zone: tzLookup(Number(row.latitude), Number(row.longitude)) }))
    await database.run('create table zone_of (iata varchar, zone varchar)')
    const appender = await database.createAppender('zone_of')
    for (const { iata, zone } of zones) {
      appender.appendVarchar(iata)
      appender.appendVarchar(zone)
      appender.endRow()
    }
    appender.closeSync()
    await database.run(
      `create table flight as
       select '${prefix}-' || file_row_number as flight_id, departs_at,
              departs_at + 1800000 + cast(distance / 7.5 * 60000 as double) as lands_at,
              origin, destination, distance::double as distance, delay::double as delay, hash(file_row_number) as draw
       from (select *, epoch_ms(date at time zone zone)::double as departs_at
             from read_parquet('${flights}', file_row_number = true) join zone_of on iata = origin
             where date >= timestamp '2001-02-01')`,
    )
    return new World(database)
  }

  /** Flights that landed after `from` and by `to`, in the order of landing. */
  landings(from: number, to: number): Promise<Flights> {
    return this.read(`lands_at > ${from} and lands_at <= ${to}`, 'lands_at')
  }

  /** Flights that depart after `from` and by `to`, of those whose passengers ask: an even draw of that share of all. */
  departures(from: number, to: number, share: number): Promise<Flights> {
    const bound = BigInt(Math.floor(share * 2 ** 32)) << 32n
    return this.read(`departs_at > ${from} and departs_at <= ${to} and draw < ${bound}::ubigint`, 'departs_at')
  }

  async count(): Promise<number> {
    return Number((await this.database.runAndReadAll('select count(*) as n from flight')).getRowObjects()[0]?.n)
  }

  /** Writes a file as somebody might deliver it: the departures of a day by the clocks of their origins, changed by `select`. */
  async writeFile(path: string, source: string, day: string, select: string): Promise<void> {
    await this.database.run(
      `copy (select ${select} from read_parquet('${source}') where date >= timestamp '${day}' and date < timestamp '${day}' + interval 1 day) to '${path}' (format parquet)`,
    )
  }

  private async read(where: string, order: string): Promise<Flights> {
    const result = await this.database.runAndReadAll(
      `select flight_id, departs_at, origin, destination, distance, delay from flight where ${where} order by ${order}`,
    )
    const [flight_id, departs_at, origin, destination, distance, delay] = result.getColumns() as [
      string[],
      number[],
      string[],
      string[],
      number[],
      number[],
    ]
    return {
      flight_id: flight_id ?? [],
      departs_at: departs_at ?? [],
      origin: origin ?? [],
      destination: destination ?? [],
      distance: distance ?? [],
      delay: delay ?? [],
    }
  }
}
