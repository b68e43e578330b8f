// The types of the pages, checked: node check.mjs FOLDER, where a build has written api.ts.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2]);
const config = join(out, 'tsconfig.json');
writeFileSync(
  config,
  JSON.stringify({
    extends: join(here, 'tsconfig.json'),
    compilerOptions: { paths: { '#api': [join(out, 'api.ts')] } },
    include: [join(here, '**/*.ts'), join(out, 'api.ts')],
    exclude: [join(here, 'node_modules'), join(here, '**/*.test.ts')],
  }),
);
const tsc = join(here, 'node_modules', 'typescript', 'bin', 'tsc');
process.exitCode =
  spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' }).status ?? 1;
