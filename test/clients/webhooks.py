"""
A session of the mlflow client with webhooks, and the receiver of what they send. Prints, as JSON, what the client saw and what arrived: ids and times
named by the order in which they came, and whether the signature is the client's own of the same body.
"""

import hmac
import json
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from quiet_client import client, tell

from mlflow.exceptions import MlflowException
from mlflow.webhooks.delivery import _generate_hmac_signature

secret = 'a secret'
arrived = []
answer_with = [200]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        arrived.append((dict(self.headers), self.rfile.read(int(self.headers['Content-Length'])).decode()))
        self.send_response(answer_with[0])
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


receiver = ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
address = f'http://127.0.0.1:{receiver.server_port}/in'


def refused(work):
    try:
        return {'went': repr(type(work()).__name__)}
    except MlflowException as error:
        return {'error': error.error_code, 'status': error.get_http_status_code()}


def seen_webhook(webhook):
    return {
        'id': len(webhook.webhook_id) == 36,
        'name': webhook.name,
        'url': webhook.url.replace(address, 'ADDRESS'),
        'events': sorted(str(event) for event in webhook.events),
        'description': webhook.description,
        'status': str(webhook.status),
        'secret': webhook.secret,
        'made': webhook.creation_timestamp > 1.7e12,
        'changed': webhook.last_updated_timestamp >= webhook.creation_timestamp,
    }


def seen_result(result):
    return [result.success, result.response_status, result.error_message is not None]


def news(count):
    """What arrives next, without what is new each time."""
    deadline = time.time() + 20
    while len(arrived) < count and time.time() < deadline:
        time.sleep(0.01)
    # More than that would come soon.
    time.sleep(0.2)
    result = []
    for headers, text in arrived:
        headers = {name.lower(): value for name, value in headers.items()}
        body = json.loads(text)
        at = datetime.fromisoformat(body.pop('timestamp'))
        delivery, stamp = headers['x-mlflow-delivery-id'], headers['x-mlflow-timestamp']
        signature = headers.get('x-mlflow-signature')
        result.append(
            {
                'body': body,
                'type': headers['content-type'],
                'id': len(delivery) == 36,
                'zone': at.utcoffset().total_seconds(),
                'fresh': abs(at.timestamp() - time.time()) < 60 and abs(int(stamp) - time.time()) < 60,
                'signed': signature is not None and hmac.compare_digest(signature, _generate_hmac_signature(secret, delivery, stamp, text)),
                'unsigned': signature is None,
            }
        )
    arrived.clear()
    return result


def session():
    seen = []
    kinds = [
        'registered_model.created', 'model_version.created', 'model_version_tag.set', 'model_version_tag.deleted',
        'model_version_alias.created', 'model_version_alias.deleted',
    ]
    one = client.create_webhook('all', address, kinds, description='all of it', secret=secret)
    seen.append(seen_webhook(one))
    for each in kinds:
        seen.append(seen_result(client.test_webhook(one.webhook_id, each)))
        seen.append(news(1))
    seen.append(seen_result(client.test_webhook(one.webhook_id)))
    # Which of them is the first, each server says for itself: here as stated, there as its database gives them.
    seen.append(len(news(1)))

    client.create_registered_model('iris', tags={'team': 'a'}, description='flowers')
    seen.append(news(1))
    client.create_registered_model('plain')
    seen.append(news(1))
    run = client.create_run('0')
    client.log_text(run.info.run_id, 'x', 'model/file.txt')
    source = f'{run.info.artifact_uri}/model'
    for more in ({'tags': {'kind': 'tree'}, 'description': 'first'}, {}):
        client.create_model_version('iris', source, run.info.run_id, **more)
        arriving = news(1)
        for each in arriving:
            data = each['body']['data']
            data['source'] = data['source'] == source
            data['run_id'] = data['run_id'] == run.info.run_id
        seen.append(arriving)
    for work in (
        lambda: client.set_model_version_tag('iris', '1', 'checked', 'yes'),
        lambda: client.set_model_version_tag('iris', '1', 'long', 'é' * 3000),
        lambda: client.set_model_version_tag('iris', '1', 'empty', ''),
        lambda: client.delete_model_version_tag('iris', '1', 'checked'),
        lambda: client.set_registered_model_alias('iris', 'champion', '1'),
        lambda: client.set_registered_model_alias('iris', 'champion', '2'),
        lambda: client.delete_registered_model_alias('iris', 'champion'),
    ):
        work()
        seen.append(news(1))
    # Of these nothing is told.
    client.set_registered_model_tag('iris', 'team', 'b')
    client.update_registered_model('iris', 'other words')
    client.update_model_version('iris', '1', 'other words')
    seen.append(news(0))

    changed = client.update_webhook(one.webhook_id, name='less', events=['registered_model.created'], description='')
    seen.append(seen_webhook(changed))
    client.set_model_version_tag('iris', '1', 'checked', 'again')
    client.create_registered_model('later')
    seen.append(news(1))
    seen.append(seen_webhook(client.update_webhook(one.webhook_id, status='DISABLED')))
    client.create_registered_model('unheard')
    seen.append(news(0))
    seen.append(seen_webhook(client.update_webhook(one.webhook_id, status='ACTIVE')))
    client.create_registered_model('heard')
    seen.append(news(1))

    two = client.create_webhook('unsigned', f'{address}?a=b', ['model_version_alias.created'], status='DISABLED')
    time.sleep(0.01)
    seen.append(seen_webhook(two))
    seen.append(seen_result(client.test_webhook(two.webhook_id)))
    seen.append(news(1))
    seen.append(seen_webhook(client.get_webhook(two.webhook_id)))
    page = client.list_webhooks(max_results=1)
    seen.append([each.name for each in page])
    seen.append([each.name for each in client.list_webhooks(max_results=1, page_token=page.token)])
    seen.append([each.name for each in client.list_webhooks()])
    answer_with[0] = 404
    seen.append(seen_result(client.test_webhook(two.webhook_id)))
    news(1)
    answer_with[0] = 200

    prompts = client.create_webhook('prompts', address, ['prompt.created', 'prompt_version.created', 'prompt_tag.set', 'prompt_alias.created'])
    client.register_prompt('greeting', 'Hello {{ name }}', commit_message='first', tags={'lang': 'en'})
    # In the order of the changes here, in any order there.
    arriving = sorted(news(3), key=lambda each: each['body']['entity'])
    seen.append(arriving)
    client.set_prompt_alias('greeting', 'live', 1)
    seen.append(news(1))
    client.delete_webhook(prompts.webhook_id)

    for work in (
        lambda: client.get_webhook('nobody'),
        lambda: client.delete_webhook('nobody'),
        lambda: client.update_webhook('nobody', name='x'),
        lambda: client.test_webhook('nobody'),
        lambda: client.create_webhook('a name', address, kinds),
        lambda: client.create_webhook('-', address, kinds),
        lambda: client.create_webhook('a' * 64, address, kinds),
        lambda: client.create_webhook('none', address, []),
        lambda: client.create_webhook('ok', 'ftp://127.0.0.1/', kinds),
        lambda: client.create_webhook('ok', 'nowhere', kinds),
        lambda: client.create_webhook('ok', '', kinds),
        lambda: client.update_webhook(two.webhook_id, url='file:///etc/passwd'),
        lambda: client.update_webhook(two.webhook_id, name='!'),
        lambda: client.list_webhooks(max_results=1001),
        lambda: client.create_webhook('budget', address, ['budget_policy.exceeded']),
    ):
        seen.append(refused(work))
    for each in (one, two):
        client.delete_webhook(each.webhook_id)
    seen.append(refused(lambda: client.get_webhook(one.webhook_id)))
    client.create_registered_model('after')
    seen.append(news(0))
    return seen


tell(session())
