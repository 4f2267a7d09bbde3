// Reads one text of SQL a line, as base64; answers what PostgreSQL's own parser says of it, one line each: "error", or for each
// statement, tab between them: type|flags|tables|functions|fingerprint. Flags: into, dml, locks, from, analyze, temp, kind=...
const { loadModule, parseSync } = require('libpg-query');
const { createHash } = require('crypto');
const fs = require('fs');

const MARK = '?';

// A tree without positions and values. Lists of values count as one, as does a sign before one.
function masked(node) {
  if (Array.isArray(node)) {
    const all = [];
    for (const each of node.map(masked)) {
      const text = JSON.stringify(each);
      const value = each === MARK || text === '{"ResTarget":{"val":"?"}}'
          || text === '{"SortBy":{"node":"?","sortby_dir":"SORTBY_DEFAULT","sortby_nulls":"SORTBY_NULLS_DEFAULT"}}';
      if (!(value && all.length > 0 && JSON.stringify(all[all.length - 1]) === text)) all.push(each);
    }
    return all;
  }
  if (node === null || typeof node !== 'object') return node;
  if (node.A_Const && !node.A_Const.isnull && !('boolval' in node.A_Const)) return MARK;
  if (node.ParamRef) return MARK;
  const copy = {};
  for (const key of Object.keys(node)) {
    if (!/(location|stmt_len|list_start|list_end)$/.test(key)) copy[key] = masked(node[key]);
  }
  // N'...' is a string to the lexer.
  const cast = copy.TypeCast;
  if (cast && cast.arg === MARK && JSON.stringify(cast.typeName).includes('"bpchar"')) return MARK;
  const sign = copy.A_Expr;
  if (sign && !sign.lexpr && sign.rexpr === MARK && JSON.stringify(sign.name) === '[{"String":{"sval":"-"}}]') return MARK;
  return copy;
}

function name(list) {
  return (list || []).map(each => encodeURIComponent(each.String ? each.String.sval || '' : '')).join('.');
}

function look(node, found) {
  if (Array.isArray(node)) return node.forEach(each => look(each, found));
  if (node === null || typeof node !== 'object') return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'lockedRels') continue;
    if (key === 'RangeVar') {
      found.tables.push([value.schemaname || '', value.relname]);
      if (value.relpersistence === 't') found.flags.add('temp');
    }
    if (['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].includes(key)) found.flags.add('dml');
    if (key === 'intoClause' || key === 'into') {
      if (value && value.rel) {
        if (value.rel.relpersistence === 't') found.flags.add('temp');
        found.flags.add('into');
      }
    }
    if (key === 'relation' && value && value.relname) {
      found.tables.push([value.schemaname || '', value.relname]);
      if (value.relpersistence === 't') found.flags.add('temp');
    }
    if (key === 'lockingClause') found.flags.add('locks');
    if (key === 'FuncCall') found.functions.push(name(value.funcname));
    if (key === 'CommonTableExpr') found.ctes.add(value.ctename);
    look(value, found);
  }
}

function describe(statement) {
  const [type, body] = Object.entries(statement.stmt)[0];
  const found = { tables: [], functions: [], ctes: new Set(), flags: new Set() };
  look(statement.stmt, found);
  if (type === 'TransactionStmt') found.flags.add('kind=' + body.kind);
  if (type === 'CopyStmt' && body.is_from) found.flags.add('from');
  if (type === 'ExplainStmt' && (body.options || []).some(each => each.DefElem.defname === 'analyze')) {
    found.flags.add('analyze');
  }
  if (type === 'ExplainStmt') found.flags.add('inner=' + Object.keys(body.query)[0]);
  const tables = found.tables.filter(([schema, table]) => schema || !found.ctes.has(table));
  const print = createHash('sha1').update(JSON.stringify(masked(statement.stmt))).digest('hex');
  return [type, [...found.flags].join(','), [...new Set(tables.map(each => encodeURIComponent(each[1])))].join(','),
    [...new Set(found.functions)].join(','), print].join('|');
}

(async () => {
  await loadModule();
  const out = [];
  for (const line of fs.readFileSync(process.argv[2], 'latin1').split('\n')) {
    if (line === '') continue;
    try {
      const tree = parseSync(Buffer.from(line, 'base64').toString('utf8'));
      out.push((tree.stmts || []).map(describe).join('\t'));
    } catch (e) {
      out.push('error ' + String(e.message).replace(/[\n\t]/g, ' '));
    }
  }
  fs.writeFileSync(process.argv[3], out.join('\n') + '\n');
})();
