import type { Expectation, Severity } from '../contract/definition.ts'
import type { DatasetShape } from './dataset.ts'
import type { EntityHandle } from './entity.ts'
import type { Value } from './expression.ts'

/** An expectation that can still be softened. */
export class ExpectationDraft {
  constructor(readonly expectation: Expectation) {}
  /** The least share of rows for which it must hold. */
  mostly(share: number): ExpectationDraft {
    return new ExpectationDraft({ ...this.expectation, mostly: share } as Expectation)
  }
  /** Broken: the batch is refused, for people to look at. This is what happens when nothing is said. */
  orStop(): ExpectationDraft {
    return this.severity('stop')
  }
  /** Broken: the batch is set aside and nothing is learnt from it. */
  orQuarantine(): ExpectationDraft {
    return this.severity('quarantine')
  }
  /** Broken: it is told, and the batch is let in. */
  orWarn(): ExpectationDraft {
    return this.severity('warn')
  }
  private severity(severity: Severity): ExpectationDraft {
    return new ExpectationDraft({ ...this.expectation, severity } as Expectation)
  }
}

const common = { severity: 'stop', mostly: 1 } as const
const beyond = { severity: 'quarantine' } as const

class AnyExpect {
  constructor(protected readonly column: string) {}
  present(): ExpectationDraft {
    return new ExpectationDraft({ kind: 'present', column: this.column, ...common })
  }
  unique(): ExpectationDraft {
    return new ExpectationDraft({ kind: 'unique', columns: [this.column], ...common })
  }
  /** The distribution may differ from the accepted history by this Jensen–Shannon distance (base 2); more is told as value skew. */
  shiftAtMost(distance: number): ExpectationDraft {
    return new ExpectationDraft({ kind: 'shift', column: this.column, max: distance, severity: 'warn' })
  }
}
export class NumberExpect extends AnyExpect {
  between(min: number | null, max: number | null): ExpectationDraft {
    return new ExpectationDraft({ kind: 'between', column: this.column, min, max, ...common })
  }
  /** A hard bound on the mean of a batch: a changed unit breaks it, and the batch is set aside. */
  meanBetween(min: number, max: number): ExpectationDraft {
    return new ExpectationDraft({ kind: 'statistic', statistic: 'mean', column: this.column, min, max, ...beyond })
  }
  medianBetween(min: number, max: number): ExpectationDraft {
    return new ExpectationDraft({ kind: 'statistic', statistic: 'median', column: this.column, min, max, ...beyond })
  }
}
export class TextExpect extends AnyExpect {
  in(...allowed: [EntityHandle] | string[]): ExpectationDraft {
    const [first] = allowed
    return new ExpectationDraft(
      typeof first === 'object'
        ? { kind: 'in-entity', column: this.column, entity: first.definition.name, ...common }
        : { kind: 'in', column: this.column, values: allowed as string[], ...common },
    )
  }
  matches(pattern: RegExp): ExpectationDraft {
    return new ExpectationDraft({ kind: 'matches', column: this.column, pattern: pattern.source, ...common })
  }
}

export type ExpectColumns<S extends DatasetShape> = {
  readonly [N in keyof S['columns'] & string]: S['columns'][N]['kind'] extends 'text' ? TextExpect : NumberExpect
}

/** Any rule over the columns of a row: `holds('it lands after it departs', …)`. */
export function holds(what: string, rule: Value<'boolean', string>): ExpectationDraft {
  return new ExpectationDraft({ kind: 'holds', what, rule: rule.node, ...common })
}

/** At run time every method is there; the column's kind hides those that make no sense for it. */
class EveryExpect extends NumberExpect {
  in = TextExpect.prototype.in
  matches = TextExpect.prototype.matches
}

export function expectColumns(names: string[]): Record<string, NumberExpect> {
  return Object.fromEntries(names.map((name) => [name, new EveryExpect(name)]))
}
