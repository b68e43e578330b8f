// TypeScript types of what the API says, from its description (OpenAPI 3.1): one type for each
// schema. Knows what our description uses and refuses the rest. `node types.mjs IN OUT`, or
// imported.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';

const PLAIN = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean' };

function object_of(schema, indent) {
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const note = member.description ? `${inner}/** ${member.description} */\n` : '';
    return `${note}${inner}${name}${required.has(name) ? '' : '?'}: ${type_of(member, inner)};\n`;
  });
  if (schema.additionalProperties === true) members.push(`${inner}[name: string]: unknown;\n`);
  return members.length ? `{\n${members.join('')}${indent}}` : 'Record<string, never>';
}

function type_of(schema, indent) {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '');
  if (schema.allOf) return schema.allOf.map((part) => type_of(part, indent)).join(' & ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(' | ');
  if (Array.isArray(schema.type))
    return schema.type
      .map((type) => (type === 'null' ? 'null' : type_of({ ...schema, type }, indent)))
      .join(' | ');
  if (schema.type === 'array') return `(${type_of(schema.items, indent)})[]`;
  if (schema.type === 'object') return object_of(schema, indent);
  if (PLAIN[schema.type]) return PLAIN[schema.type];
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

export function types_write(from, to) {
  const description = JSON.parse(readFileSync(from, 'utf8'));
  const types = Object.entries(description.components.schemas).map(([name, schema]) => {
    const note = schema.description ? `/** ${schema.description} */\n` : '';
    return `${note}export type ${name} = ${type_of(schema, '')};\n`;
  });
  writeFileSync(to, types.join('\n'));
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) types_write(argv[2], argv[3]);
