package io.plinth.dbproxy.shard;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks a shard's catalogue for what would make routing wrong and no statement shows: views that read sharded tables, and
 * keys of another type than the file says. Immutable.
 */
public final class ShardAudit {
    private final Map<String, ShardedTable> tables;

    public ShardAudit(Map<String, ShardedTable> tables) {
        // Reference tables and whole ones may stand in views of what is where they are.
        this.tables = tables.entrySet().stream()
                .filter(entry -> entry.getValue().keyed())
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Whether there is nothing to ask. */
    public boolean none() {
        return tables.isEmpty();
    }

    /** The question; one row for each finding: what it is, its name, its key's type or the table that it reads. */
    public String sql() {
        String names = tables.keySet().stream()
                .map(name -> "'" + name.replace("'", "''") + "'")
                .collect(Collectors.joining(", "));
        return """
            SELECT 'key', c.relname || '.' || a.attname, pg_catalog.format_type(a.atttypid, NULL)
              || CASE WHEN a.atttypmod >= 0 THEN '(' ELSE '' END
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
            WHERE c.relname IN (%1$s) AND c.relkind IN ('r', 'p') AND a.attnum > 0
            UNION ALL
            SELECT 'collation', d.datcollate, coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c')
            FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
            UNION ALL
            SELECT 'collation', a.attname, 'column'
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
            WHERE c.relname IN (%1$s) AND a.attcollation NOT IN (0, 100, 950, 951) AND a.attnum > 0
            UNION ALL
            SELECT DISTINCT CASE WHEN kind IN ('v', 'm') THEN 'view' ELSE 'table' END, name, root
            FROM (WITH RECURSIVE found (oid, name, kind, root, below) AS (
                SELECT c.oid, c.relname, c.relkind, c.relname, true
                FROM pg_catalog.pg_class c WHERE c.relname IN (%1$s) AND c.relkind IN ('r', 'p')
                UNION
                SELECT c.oid, c.relname, c.relkind, f.root, f.below AND e.way <> 'parent'
                FROM found f JOIN (
                    SELECT d.refobjid AS source, r.ev_class AS target, 'view' AS way FROM pg_catalog.pg_rewrite r
                    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                      AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    UNION ALL SELECT inhparent, inhrelid, 'child' FROM pg_catalog.pg_inherits
                    UNION ALL SELECT inhrelid, inhparent, 'parent' FROM pg_catalog.pg_inherits) e
                  ON e.source = f.oid AND (f.below OR e.way <> 'child')
                JOIN pg_catalog.pg_class c ON c.oid = e.target AND (e.way <> 'view' OR c.relkind IN ('v', 'm'))
              ) SELECT name, kind, root FROM found) everything\
            """.formatted(names);
    }

    /** The tables as they are to be routed after these findings. */
    public Map<String, ShardedTable> apply(Map<String, ShardedTable> before, List<List<@Nullable String>> rows) {
        Map<String, ShardedTable> after = new TreeMap<>(before);
        for (List<@Nullable String> row : rows) {
            String name = String.valueOf(row.get(1));
            String detail = String.valueOf(row.get(2));
            if ("collation".equals(row.get(0))) {
                continue;
            }
            if ("view".equals(row.get(0)) || "table".equals(row.get(0))) {
                after.putIfAbsent(
                        name,
                        new ShardedTable(
                                name,
                                List.of(),
                                new Scheme.Hash(),
                                row.getFirst() + " " + name
                                        + ("view".equals(row.get(0)) ? " reads" : " shares rows with")
                                        + " sharded table " + detail
                                        + ": it would see one shard's rows only"));
                continue;
            }
            ShardedTable table = tables.get(name.substring(0, name.lastIndexOf('.')));
            int column = table == null ? -1 : table.column(name.substring(name.lastIndexOf('.') + 1));
            if (table == null || column < 0) {
                continue;
            }
            KeyType type = table.columns().get(column).type();
            String declared = detail.replace("(", "");
            boolean rounds = type.rounded() && detail.endsWith("(");
            if (!type.fits(declared) || rounds) {
                after.put(
                        table.name(),
                        table.refusing(name + " is " + declared + (rounds ? " with a precision" : "")
                                + " in the database (expected: " + type.name().toLowerCase(Locale.ROOT)
                                + (rounds ? " without one, which would round it)" : ", as configured)")));
            }
        }
        return after;
    }

    /** Whether these findings say that text is ordered by its bytes. */
    public static boolean bytewise(List<List<@Nullable String>> rows) {
        return rows.stream()
                .filter(row -> "collation".equals(row.get(0)))
                .allMatch(row -> "c".equals(row.get(2))
                        && List.of("C", "POSIX", "C.UTF-8", "C.utf8").contains(String.valueOf(row.get(1))));
    }
}
