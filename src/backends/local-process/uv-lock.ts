/**
 * A program in Python that prints what pip reads, with hashes, of what a `uv.lock` names for the interpreter that runs it: what the project depends on
 * and its group `dev`, as `uv sync` takes them, as far as the markers hold here (PEP 508, evaluated by the `packaging` that pip brings). It
 * ends with a sentence for people where the lock does not fit.
 */
export const requirementsOfUvLock = `
import sys, tomllib
from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.specifiers import SpecifierSet

lock = tomllib.load(open(sys.argv[1], 'rb'))
packages = lock.get('package', [])
here = '%d.%d.%d' % sys.version_info[:3]
if not SpecifierSet(lock.get('requires-python', '')).contains(here, prereleases=True):
    sys.exit('uv.lock asks for Python ' + lock['requires-python'] + ', and this is ' + here)

def holds(marker):
    return marker is None or Marker(marker).evaluate({'extra': ''})

def applies(package):
    markers = package.get('resolution-markers')
    return not markers or any(holds(marker) for marker in markers)

def found(dependency, asked_by):
    same = [each for each in packages if each['name'] == dependency['name']]
    if 'version' in dependency:
        same = [each for each in same if each.get('version') == dependency['version']]
    if 'source' in dependency:
        same = [each for each in same if each.get('source') == dependency['source']]
    if len(same) > 1:
        same = [each for each in same if applies(each)]
    if len(same) != 1:
        sys.exit('uv.lock names %d packages %s for %s on this platform' % (len(same), dependency['name'], asked_by))
    return same[0]

wanted, visited = {}, set()

def take(dependencies, asked_by):
    for dependency in dependencies:
        if not holds(dependency.get('marker')):
            continue
        package = found(dependency, asked_by)
        wanted[(package['name'], package.get('version'))] = package
        for extra in [None, *dependency.get('extra', [])]:
            visit(package, extra)

def visit(package, extra):
    key = (package['name'], package.get('version'), extra)
    if key in visited:
        return
    visited.add(key)
    own = package.get('dependencies', []) if extra is None else package.get('optional-dependencies', {}).get(extra, [])
    take(own, package['name'])

local = [each for each in packages if {'virtual', 'editable'} & set(each.get('source', {}))]
projects = [each for each in local if '.' in each['source'].values()] or local
for project in projects:
    visit(project, None)
    take(project.get('dev-dependencies', {}).get('dev', []), project['name'])
if not projects:
    take([{'name': each['name'], 'version': each.get('version')} for each in packages if applies(each)], 'uv.lock')

for package in wanted.values():
    if package in local:
        continue
    source = package.get('source', {})
    files = package.get('wheels', []) + ([package['sdist']] if 'sdist' in package else [])
    if 'registry' in source:
        what = package['name'] + '==' + package['version']
    elif 'url' in source:
        what = package['name'] + ' @ ' + source['url']
    else:
        sys.exit('uv.lock takes %s from %s, which no hash pins: only registries and addresses of files can be used' % (package['name'], ', '.join(source)))
    print(what, *['--hash=' + file['hash'] for file in files])
`
