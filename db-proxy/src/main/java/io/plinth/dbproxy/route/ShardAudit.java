package io.plinth.dbproxy.route;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
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
        this.tables = Map.copyOf(tables);
    }

    /** The question; one row for each finding: what it is, its name, its key's type or the table that it reads. */
    public String sql() {
        String names = tables.keySet().stream()
                .map(name -> "'" + name.replace("'", "''") + "'")
                .collect(Collectors.joining(", "));
        return """
            SELECT 'key', c.relname || '.' || a.attname, pg_catalog.format_type(a.atttypid, NULL)
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
            SELECT DISTINCT 'view', v.relname, c.relname
            FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
            JOIN pg_catalog.pg_class c ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
            WHERE c.relname IN (%1$s) AND v.relkind IN ('v', 'm')\
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
            if ("view".equals(row.get(0))) {
                after.putIfAbsent(
                        name,
                        new ShardedTable(
                                name,
                                "the key",
                                KeyType.BIGINT,
                                "view " + name + " reads sharded table " + detail
                                        + ": it would see one shard's rows only"));
                continue;
            }
            ShardedTable table = tables.get(name.substring(0, name.lastIndexOf('.')));
            boolean key = table != null && name.endsWith("." + table.key());
            if (table != null && key && !fits(table.type(), detail)) {
                after.put(
                        table.name(),
                        new ShardedTable(
                                table.name(),
                                table.key(),
                                table.type(),
                                name + " is " + detail + " in the database (expected: "
                                        + table.type().name().toLowerCase(Locale.ROOT) + ", as configured)"));
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

    private static boolean fits(KeyType type, String column) {
        return type.fits(column) || (type == KeyType.TEXT && column.equals("character varying"));
    }
}
