import type { Aggregate, ColumnType, Feature } from '../contract/definition.ts'
import type { CalendarPart, Expression } from '../contract/expression.ts'
import type { Duration } from './durations.ts'

/** What a value is, as far as the compiler is concerned. */
export type Kind = 'number' | 'time' | 'local-time' | 'duration' | 'text' | 'boolean'

/**
 * A value computed from the columns of a row. `K` is its kind; `D` names the columns that somebody who asks for a prediction must
 * send for it.
 */
export class Value<K extends Kind, D extends string = never> {
  declare protected readonly kind: K
  declare readonly needs: D
  /** The type of a derived column with this value. */
  readonly columnType: ColumnType = 'number'
  constructor(readonly node: Expression) {}

  isMissing(): BooleanValue<D> {
    return new BooleanValue({ op: 'is-missing', of: this.node })
  }
  /** The newest value that is known. */
  last(): Aggregation {
    return new Aggregation('last', this.node)
  }
  /** How many rows. */
  count(): Aggregation {
    return new Aggregation('count', this.node)
  }
}

type NumberLike<D extends string> = number | NumberValue<D>
const nodeOf = (value: number | string | boolean | Value<Kind, string>): Expression =>
  value instanceof Value ? value.node : { op: 'literal', value }

export class NumberValue<D extends string = never> extends Value<'number', D> {
  plus<E extends string = never>(other: NumberLike<E>): NumberValue<D | E> {
    return new NumberValue({ op: 'add', left: this.node, right: nodeOf(other) })
  }
  minus<E extends string = never>(other: NumberLike<E>): NumberValue<D | E> {
    return new NumberValue({ op: 'subtract', left: this.node, right: nodeOf(other) })
  }
  times<E extends string = never>(other: NumberLike<E>): NumberValue<D | E> {
    return new NumberValue({ op: 'multiply', left: this.node, right: nodeOf(other) })
  }
  dividedBy<E extends string = never>(other: NumberLike<E>): NumberValue<D | E> {
    return new NumberValue({ op: 'divide', left: this.node, right: nodeOf(other) })
  }
  /** So many of them, as a length of time: `c.wait.as(minutes)`. */
  as(unit: (count: number) => Duration): DurationValue<D> {
    return new DurationValue({ op: 'multiply', left: this.node, right: nodeOf(unit(1).ms) })
  }
  atLeast<E extends string = never>(other: NumberLike<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'at-least', left: this.node, right: nodeOf(other) })
  }
  atMost<E extends string = never>(other: NumberLike<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'at-most', left: this.node, right: nodeOf(other) })
  }
  above<E extends string = never>(other: NumberLike<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'greater', left: this.node, right: nodeOf(other) })
  }
  below<E extends string = never>(other: NumberLike<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'less', left: this.node, right: nodeOf(other) })
  }
  equals<E extends string = never>(other: NumberLike<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'equal', left: this.node, right: nodeOf(other) })
  }
  /**
   * A label for each range: `bucket('night', [6, 'morning'], [12, 'afternoon'])` is night below 6, morning from 6 on, afternoon from 12 on.
   */
  bucket(first: string, ...ranges: [from: number, label: string][]): TextValue<D> {
    return new TextValue({
      op: 'bucket',
      of: this.node,
      bounds: ranges.map(([from]) => from),
      labels: [first, ...ranges.map(([, label]) => label)],
    })
  }
  mean(): Aggregation {
    return new Aggregation('mean', this.node)
  }
  sum(): Aggregation {
    return new Aggregation('sum', this.node)
  }
  min(): Aggregation {
    return new Aggregation('min', this.node)
  }
  max(): Aggregation {
    return new Aggregation('max', this.node)
  }
  std(): Aggregation {
    return new Aggregation('std', this.node)
  }
}

export class DurationValue<D extends string = never> extends Value<'duration', D> {}

export class BooleanValue<D extends string = never> extends Value<'boolean', D> {
  override readonly columnType = 'boolean'
  and<E extends string>(other: BooleanValue<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'and', of: [this.node, other.node] })
  }
  or<E extends string>(other: BooleanValue<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'or', of: [this.node, other.node] })
  }
  not(): BooleanValue<D> {
    return new BooleanValue({ op: 'not', of: this.node })
  }
  /** As a text: `c.origin.oneOf('ATL', 'ORD').label('hub', 'other')`. */
  label(yes: string, no: string): TextValue<D> {
    return new TextValue({ op: 'bucket', of: this.node, bounds: [0.5], labels: [no, yes] })
  }
  /** The share of rows for which it holds. */
  share(): Aggregation {
    return new Aggregation('share', this.node)
  }
}

export class TextValue<D extends string = never> extends Value<'text', D> {
  override readonly columnType: ColumnType = this.node.op === 'bucket' ? 'category' : 'text'
  equals<E extends string = never>(other: string | TextValue<E>): BooleanValue<D | E> {
    return new BooleanValue({ op: 'equal', left: this.node, right: nodeOf(other) })
  }
  oneOf(...values: string[]): BooleanValue<D> {
    return new BooleanValue({ op: 'or', of: values.map((value) => this.equals(value).node) })
  }
}

/** Types of an entity's attributes. */
export type AttributeTypes = Record<string, ColumnType>

/** A column that names an entity: its attributes can be read through it. */
export class RefValue<Attributes extends object, D extends string = never> extends TextValue<D> {
  constructor(
    node: Expression,
    private readonly entity: string,
    private readonly types: AttributeTypes,
  ) {
    super(node)
  }
  attribute<A extends keyof Attributes & string>(name: A): ValueOf<Attributes[A], D> {
    const node: Expression = { op: 'attribute', entity: this.entity, key: this.node, attribute: name }
    return valueOfType(node, this.types[name] ?? 'text') as ValueOf<Attributes[A], D>
  }
}

/** The clock of a time zone, or UTC, at a moment. */
export class CalendarValue<D extends string> {
  constructor(
    private readonly time: Expression,
    private readonly zone: Expression | null,
  ) {}
  private part(part: CalendarPart): NumberValue<D> {
    return new NumberValue({ op: 'calendar', part, time: this.time, zone: this.zone })
  }
  /** 0 to 23. */
  hour(): NumberValue<D> {
    return this.part('hour')
  }
  /** 0 to 1439. */
  minuteOfDay(): NumberValue<D> {
    return this.part('minute-of-day')
  }
  /** Monday is 1, Sunday is 7. */
  weekday(): NumberValue<D> {
    return this.part('weekday')
  }
  /** 1 to 12. */
  month(): NumberValue<D> {
    return this.part('month')
  }
  /** 1 to 366. */
  dayOfYear(): NumberValue<D> {
    return this.part('day-of-year')
  }
}

export class TimeValue<D extends string = never> extends Value<'time', D> {
  override readonly columnType = 'time'
  plus<E extends string = never>(length: Duration | DurationValue<E>): TimeValue<D | E> {
    const right = length instanceof DurationValue ? length.node : nodeOf(length.ms)
    return new TimeValue({ op: 'add', left: this.node, right })
  }
  /** On the clocks of a time zone: `c.departs_at.in(c.origin.attribute('zone')).hour()`. */
  in<E extends string>(zone: TextValue<E> | string): CalendarValue<D | E> {
    return new CalendarValue(this.node, nodeOf(zone))
  }
  inUtc(): CalendarValue<D> {
    return new CalendarValue(this.node, null)
  }
}

export class LocalTimeValue<D extends string = never> extends Value<'local-time', D> {
  override readonly columnType = 'local-time'
  /** The moment at which the clocks of that zone showed it. */
  utcIn<E extends string>(zone: TextValue<E> | string): TimeValue<D | E> {
    return new TimeValue({ op: 'utc', local: this.node, zone: nodeOf(zone) })
  }
}

/** The value class of a kind. */
export type ValueOf<K, D extends string> = K extends 'number'
  ? NumberValue<D>
  : K extends 'time'
    ? TimeValue<D>
    : K extends 'local-time'
      ? LocalTimeValue<D>
      : K extends 'boolean'
        ? BooleanValue<D>
        : K extends 'duration'
          ? DurationValue<D>
          : TextValue<D>

/** The kind of a value. */
export type KindOf<V> = V extends Value<infer K, string> ? K : never
export type NeedsOf<V> = V extends Value<Kind, infer D> ? D : never

/** A value of a column's type. */
export function valueOfType(node: Expression, type: ColumnType): Value<Kind, string> {
  switch (type) {
    case 'number':
      return new NumberValue(node)
    case 'time':
      return new TimeValue(node)
    case 'local-time':
      return new LocalTimeValue(node)
    case 'boolean':
      return new BooleanValue(node)
    default:
      return new TextValue(node)
  }
}

/** The IANA time zone at a place, in degrees. */
export function zoneAt<D extends string, E extends string>(
  latitude: NumberValue<D>,
  longitude: NumberValue<E>,
): TextValue<D | E> {
  return new TextValue({ op: 'zone-at', latitude: latitude.node, longitude: longitude.node })
}

/** Texts put together: `joined('-', c.origin, c.destination)`. */
export function joined<V extends Value<Kind, string>[]>(separator: string, ...of: V): TextValue<NeedsOf<V[number]>> {
  return new TextValue({ op: 'join', separator, of: of.map((value) => value.node) })
}

/** A key for rows that have none: hash of their file and row number. */
export function rowKey(): TextValue<never> {
  return new TextValue({ op: 'row-key' })
}

/** What a feature computes over the rows of an entity. */
export class Aggregation {
  constructor(
    readonly aggregate: Aggregate,
    readonly of: Expression,
    readonly windowMs: number | null = null,
    readonly ttlMs: number | null = null,
  ) {}
  /** Over the window `(t − length, t]`. */
  over(length: Duration): Aggregation {
    return new Aggregation(this.aggregate, this.of, length.ms, this.ttlMs)
  }
  /** `last` only: missing when older than this. */
  freshFor(length: Duration): Aggregation {
    return new Aggregation(this.aggregate, this.of, this.windowMs, length.ms)
  }
  toFeature(name: string): Feature {
    return { name, aggregate: this.aggregate, of: this.of, windowMs: this.windowMs, ttlMs: this.ttlMs }
  }
}
