import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Webhook, WebhookTest } from '../../contract/webhook.ts'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { PlainTable } from '../components/plain-table.tsx'
import { Facts } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { useSession } from '../session/session.ts'
import { AddWebhook } from './add-webhook.tsx'
import { waitingWords, webhookState } from './webhook-words.ts'

/** A delivery makes no event, so who looks asks on a timer. */
const everyMs = 2000
/** Of a webhook those set aside last are kept. */
const setAsideShown = 100

/** Sends an example, and says beside the button what came of it. */
function Test({ webhook }: { webhook: Webhook }) {
  const [result, setResult] = useState<WebhookTest | Error | 'sending' | null>(null)
  const session = useSession()
  const mayNot = session !== undefined && !session.may.includes('operator')
  const test = (): void => {
    setResult('sending')
    call('testWebhook', { params: { webhook: webhook.id }, body: {} }).then(setResult, setResult)
  }
  return (
    <>
      <button
        type="button"
        disabled={mayNot || result === 'sending'}
        title={mayNot ? 'Needs the role operator' : 'Sends an example, now and once'}
        onClick={test}
      >
        {result === 'sending' ? 'Sending…' : 'Test'}
      </button>
      <span role="status" className="webhook-test">
        {result === null || result === 'sending' ? null : result instanceof Error ? (
          <>
            <Mark name="bad" /> {result.message}
          </>
        ) : result.success ? (
          <>
            <Mark name="good" /> Taken: {result.status} in {count(result.ms)} ms
          </>
        ) : (
          <>
            <Mark name="bad" /> Not taken: {result.reason}
          </>
        )}
      </span>
    </>
  )
}

function Switch({ webhook }: { webhook: Webhook }) {
  const { id, name, isActive, waiting } = webhook
  return (
    <Action
      label={isActive ? 'Switch off' : 'Switch on'}
      title={isActive ? `Send nothing to ${name}` : `Send to ${name} again`}
      needs="operator"
      isUnrecorded
      plan={async () => ({
        says: isActive
          ? 'It is sent nothing until it is switched on again.'
          : 'It is sent what happens from now on. What happened while it was off is not sent.',
        effects: isActive && waiting > 0 ? [`What waits for it is not sent: ${waitingWords(waiting)}`] : [],
      })}
      act={async () => {
        await call('changeWebhook', { params: { webhook: id }, body: { active: !isActive } })
        return isActive ? `${name} is switched off.` : `${name} is sent what happens from now on.`
      }}
    />
  )
}

function Remove({ webhook: { id, name, waiting } }: { webhook: Webhook }) {
  return (
    <Action
      label="Remove"
      title={`Remove ${name}`}
      needs="operator"
      isGrave
      isUnrecorded
      plan={async () => ({
        says: 'It is sent nothing any more, and its secret is forgotten.',
        effects: waiting > 0 ? [`What waits for it is not sent: ${waitingWords(waiting)}`] : [],
      })}
      act={async () => {
        await call('removeWebhook', { params: { webhook: id } })
        return `${name} was removed.`
      }}
    />
  )
}

/** @param seq of one event; without it, all that was set aside */
function Resend({ webhook: { id, name, isActive, setAside }, seq }: { webhook: Webhook; seq?: number }) {
  const many = Math.min(setAside, setAsideShown)
  return (
    <Action
      label={seq === undefined ? 'Send all again' : 'Send again'}
      title={seq === undefined ? `Send ${name} again what was set aside` : `Send ${name} event ${seq} again`}
      needs="operator"
      isUnrecorded
      plan={async () => ({
        says:
          seq === undefined
            ? `What was set aside is sent once more: ${count(many)} request${many === 1 ? '' : 's'}, in the order of the log.`
            : 'It is sent once more, with the id that it had.',
        effects: ['What is not taken stays set aside, with the new reason.'],
        missing: isActive ? [] : ['It is switched off: switch it on first.'],
      })}
      act={async () => {
        const body = seq === undefined ? {} : { events: [seq] }
        const { resent } = await call('resendWebhook', { params: { webhook: id }, body })
        return resent.length === 0
          ? `There was nothing to send to ${name} again.`
          : `${name} is sent ${resent.length === 1 ? `event ${resent[0]}` : `${count(resent.length)} events`} again.`
      }}
    />
  )
}

/** What its receiver did not take, and why. */
function SetAside({ webhook, now }: { webhook: Webhook; now: number }) {
  const { id, name, setAside, resending } = webhook
  const [isOpen, setIsOpen] = useState(false)
  const { data, error, refetch } = useQuery({
    ...reading('webhook', { params: { webhook: id } }),
    enabled: isOpen,
    refetchInterval: isOpen ? everyMs : false,
  })
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        {count(setAside)} set aside{setAside > setAsideShown ? `, the last ${setAsideShown} of them` : ''}
        {resending > 0 ? `, ${count(resending)} on their way again` : ''}
      </summary>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="what was set aside" />
      ) : (
        <>
          {data.setAside.length > 1 && (
            <p>
              <Resend webhook={webhook} />
            </p>
          )}
          <PlainTable label={`Set aside of ${name}`}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Event</th>
                  <th scope="col">
                    <span className="visually-hidden">Send again</span>
                  </th>
                  <th scope="col">What</th>
                  <th scope="col">Why</th>
                  <th scope="col">Requests</th>
                  <th scope="col">When</th>
                </tr>
              </thead>
              <tbody>
                {data.setAside.map((each) => (
                  <tr key={each.id}>
                    <td>{count(each.seq)}</td>
                    <td className="webhook-again">
                      <Resend webhook={webhook} seq={each.seq} />
                    </td>
                    <td>
                      <code>{each.kind}</code>
                    </td>
                    <td>{each.reason}</td>
                    <td>{count(each.attempts)}</td>
                    <td>
                      <When time={each.at} now={now} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </PlainTable>
        </>
      )}
    </details>
  )
}

function OneWebhook({ webhook, now }: { webhook: Webhook; now: number }) {
  const { id, name, url, description, events, isSigned, delivered, setAside, waiting, last, attempts, retryAt } =
    webhook
  const { mark, words } = webhookState(webhook)
  const seconds = retryAt === null ? 0 : Math.max(0, Math.ceil((retryAt - now) / 1000))
  return (
    <article className="webhook" aria-label={name}>
      <header>
        <h3>{name}</h3>
        <span>
          <Mark name={mark} /> {words}
        </span>
      </header>
      {description && <p className="muted">{description}</p>}
      <Facts
        facts={[
          ['To', <code key="url">{url}</code>],
          ['Listens to', events.join(', ')],
          ['Signed', isSigned ? 'yes' : 'no: its receiver cannot tell who sent it'],
          ['Delivered', count(delivered)],
          ['Waits', waitingWords(waiting)],
          [
            'Last request',
            last ? (
              <span key="last">
                {last.reason ?? `answered ${last.status}`}, <When time={last.at} now={now} />, <code>{last.kind}</code>
              </span>
            ) : (
              'none yet'
            ),
          ],
          ...(attempts > 0
            ? [['Next', `asked ${count(attempts)} times in vain; again in ${count(seconds)} s`] as const]
            : []),
          [
            'Changes',
            <Link key="log" to="/events" search={{ subject: `webhook:${id}` }}>
              in the log
            </Link>,
          ],
        ]}
      />
      {setAside > 0 && <SetAside webhook={webhook} now={now} />}
      <footer>
        <Test webhook={webhook} />
        <Switch webhook={webhook} />
        <Remove webhook={webhook} />
      </footer>
    </article>
  )
}

/** Who is told of what happens, and how that goes. */
export function WebhooksPanel() {
  const { data, error, refetch, dataUpdatedAt } = useQuery({ ...reading('webhooks'), refetchInterval: everyMs })
  return (
    <Panel
      title="Webhooks"
      says="Addresses of others that are told of what happens: in order, signed, and again until they take it."
      actions={<AddWebhook kinds={data?.kinds ?? []} />}
      className="webhooks"
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="webhooks" />
      ) : data.webhooks.length === 0 ? (
        <EmptyState command="npx millwright webhook add chat https://hooks.example.com/x 'alert.*' run.failed">
          Nobody is told of what happens: add an address, here or on the command line.
        </EmptyState>
      ) : (
        <div className="webhook-list">
          {data.webhooks.map((webhook) => (
            <OneWebhook key={webhook.id} webhook={webhook} now={dataUpdatedAt} />
          ))}
        </div>
      )}
    </Panel>
  )
}
