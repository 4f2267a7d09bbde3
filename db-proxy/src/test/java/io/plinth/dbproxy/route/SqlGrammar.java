package io.plinth.dbproxy.route;

import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Texts of SQL made at random from rules: a name in angle brackets stands for one of its alternatives, chosen anew each time.
 * Blanks, comments, case and quoting vary as well.
 */
final class SqlGrammar {
    private static final int DEEPEST = 7;

    /** Alternatives, one a line; the first ones are the plain ones, which end what has become too deep. */
    private static final Map<String, List<String>> RULES = Map.ofEntries(
            rule("text", """
                <statement>
                <statement>;
                <statement>; <statement>
                ;<statement>;;<statement>;\
                """),
            rule("statement", """
                <query>
                <query>
                <query>
                <query>
                <insert>
                <update>
                <delete>
                <merge>
                <transaction>
                <utility>
                <definition>\
                """),
            rule("query", """
                SELECT <items> FROM <from> WHERE <condition>
                SELECT <items>
                SELECT <items> FROM <from> <tail>
                SELECT <distinct> <items> FROM <from> WHERE <condition> GROUP BY <column>, <column> HAVING <condition> <tail>
                <query> <set> <query>
                (<query>) <set> (<query>) <tail>
                WITH <name> AS (<query>) <query>
                WITH <name> AS MATERIALIZED (<query>), x (a, b) AS (<dml> RETURNING *) SELECT <items> FROM <name>
                WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT <expression> FROM r) <query>
                VALUES (<expression>, <literal>), (<literal>, <expression>)
                TABLE <table>
                SELECT <items> INTO <into> FROM <from>
                SELECT <items> FROM <from> WHERE <condition> FOR <lock>\
                """),
            rule("dml", """
                <insert>
                <update>
                <delete>\
                """),
            rule("into", """
                fresh
                TEMP fresh
                TABLE fresh
                LOCAL TEMPORARY TABLE fresh
                UNLOGGED fresh\
                """),
            rule("lock", """
                UPDATE
                SHARE
                NO KEY UPDATE
                KEY SHARE
                UPDATE OF o NOWAIT
                SHARE SKIP LOCKED\
                """),
            rule("set", """
                UNION
                UNION ALL
                INTERSECT
                EXCEPT\
                """),
            rule("distinct", """
                DISTINCT
                ALL
                DISTINCT ON (<column>)\
                """),
            rule("items", """
                <expression>
                *
                <column>, <expression>
                <expression> AS <alias>, <column>
                <literal>, <literal>, <literal>
                count(*) FILTER (WHERE <condition>), sum(<column>) OVER (PARTITION BY <column> ORDER BY <column>)\
                """),
            rule("from", """
                <table>
                <table> <name>
                <table> AS <name> JOIN <table> AS p ON <condition>
                <table> LEFT OUTER JOIN <table> USING (user_id)
                <table>, <table> AS q
                (<query>) AS s
                <table>, LATERAL (<query>) AS l
                ONLY <table>
                generate_series(1, <literal>) AS g
                <table> TABLESAMPLE system (10)\
                """),
            rule("tail", """
                LIMIT <number>
                ORDER BY <column> DESC NULLS LAST LIMIT <number> OFFSET <number>
                ORDER BY 1, 2
                ORDER BY <expression> USING <
                FETCH FIRST <number> ROWS ONLY
                OFFSET <number> ROWS\
                """),
            rule("condition", """
                <column> = <literal>
                user_id = <number>
                <column> = $1
                <condition> AND <condition>
                <condition> OR <condition>
                NOT (<condition>)
                <column> IN (<literal>, <literal>, <literal>)
                <column> IN (<query>)
                EXISTS (<query>)
                <column> BETWEEN <literal> AND <literal>
                <column> LIKE <string> ESCAPE '\\'
                <column> IS NOT NULL
                <column> = ANY ($1)
                <expression> <operator> <expression>
                user_id = <number> AND <condition>
                (<column>, <column>) = (<literal>, <literal>)\
                """),
            rule("expression", """
                <column>
                <literal>
                $1
                (<expression>)
                <expression> <operator> <expression>
                - <expression>
                <expression>::<type>
                CAST(<expression> AS <type>)
                CASE WHEN <condition> THEN <expression> ELSE <literal> END
                <function>(<expression>)
                <function>(<expression>, <literal>)
                coalesce(<column>, <literal>)
                (<query>)
                ARRAY[<literal>, <expression>]
                ARRAY(<query>)
                <column>[1]
                EXTRACT(year FROM <column>)
                <column> AT TIME ZONE 'UTC'
                interval '1 day'
                date '2024-02-29'
                ROW(<expression>, <literal>)
                <column> COLLATE "C"
                NULL
                true
                current_timestamp
                substring(<column> from 1 for 2)
                trim(both 'x' from <column>)\
                """),
            rule("function", """
                lower
                now
                pg_catalog.lower
                abs
                nextval
                volatile_one
                s.own
                "Own"
                pg_advisory_lock
                random
                left
                set_config
                format
                lastval\
                """),
            rule("type", """
                int
                bigint
                text
                numeric(10, 2)
                varchar(7)
                double precision
                timestamp with time zone
                int[]
                pg_catalog.int8\
                """),
            rule("operator", """
                =
                +
                -
                *
                /
                <
                >=
                <>
                !=
                ||
                %
                ~*
                !~
                @>
                <@
                ->
                ->>
                #>>
                &&
                ^
                OPERATOR(pg_catalog.+)
                <->\
                """),
            rule("column", """
                a
                b
                user_id
                o.user_id
                o."update"
                "user_id"
                x.update
                "a b"
                "q""q"
                o.a
                p.share\
                """),
            rule("name", """
                o
                p
                "o"
                c1
                r\
                """),
            rule("alias", """
                b
                "select"
                value
                total\
                """),
            rule("table", """
                orders
                lines
                products
                users
                public.orders
                "orders"
                "Orders"
                s.products
                ORDERS
                U&"\\006frders"
                "from\"\
                """),
            rule("literal", """
                <number>
                <string>
                <number>
                <string>
                NULL\
                """),
            rule("number", """
                5
                0
                123456789
                99999999999999999999
                1.5
                .5
                1e10
                1.5E-3
                0x1F
                1_000
                0b101\
                """),
            rule("string", """
                'x'
                ''
                'it''s'
                'a;b'
                '-- no comment'
                '/* nor this'
                E'a\\'b;'
                E'\\\\'
                'C:\\'
                $$a;'b$$
                $tag$ $$ ; $tag$
                U&'\\0061'
                b'101'
                x'ff'
                N'n'
                'a'
                'select * from orders'\
                """),
            rule("insert", """
                INSERT INTO <table> (user_id, a) VALUES (<number>, <expression>)
                INSERT INTO <table> (user_id, a) VALUES (<number>, <literal>), (<number>, <literal>)
                INSERT INTO <table> <query>
                INSERT INTO <table> DEFAULT VALUES
                INSERT INTO <table> AS t (user_id, a) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET a = excluded.a RETURNING a
                INSERT INTO <table> (user_id) OVERRIDING SYSTEM VALUE VALUES (1) ON CONFLICT DO NOTHING
                WITH w AS (<query>) INSERT INTO <table> (a) SELECT <items> FROM w\
                """),
            rule("update", """
                UPDATE <table> SET a = <expression> WHERE <condition>
                UPDATE <table> AS o SET a = <literal>, b = DEFAULT FROM <from> WHERE <condition> RETURNING *
                UPDATE ONLY <table> SET (a, b) = (<literal>, <expression>) WHERE CURRENT OF c
                UPDATE <table> SET (a, b) = (<query>)\
                """),
            rule("delete", """
                DELETE FROM <table> WHERE <condition>
                DELETE FROM <table> AS o USING <from> WHERE <condition> RETURNING a
                DELETE FROM ONLY <table>\
                """),
            rule("merge", """
                MERGE INTO <table> AS t USING <table> AS u ON t.user_id = u.user_id WHEN MATCHED THEN UPDATE SET a = u.a
                MERGE INTO <table> t USING (<query>) u ON <condition> WHEN NOT MATCHED THEN INSERT (a) VALUES (<literal>)\
                """),
            rule("transaction", """
                BEGIN
                BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY
                START TRANSACTION READ WRITE
                COMMIT
                COMMIT WORK
                END
                END AND CHAIN
                ROLLBACK
                ABORT
                ROLLBACK AND NO CHAIN
                SAVEPOINT s
                RELEASE SAVEPOINT s
                ROLLBACK TO SAVEPOINT s
                ROLLBACK WORK TO s
                PREPARE TRANSACTION 'x'
                COMMIT PREPARED 'x'
                ROLLBACK PREPARED 'x'\
                """),
            rule("utility", """
                SET search_path TO a, b
                SET LOCAL work_mem = '1MB'
                SET TIME ZONE 'UTC'
                SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
                SET TRANSACTION READ ONLY
                SET ROLE x
                RESET ALL
                RESET search_path
                SHOW search_path
                SHOW ALL
                EXPLAIN <query>
                EXPLAIN ANALYZE <dml>
                EXPLAIN (ANALYZE, BUFFERS) <query>
                EXPLAIN VERBOSE <dml>
                EXPLAIN (FORMAT json, COSTS off) <dml>
                PREPARE ps (int) AS <query>
                EXECUTE ps(<literal>)
                DEALLOCATE ps
                DEALLOCATE PREPARE ALL
                DISCARD ALL
                DISCARD PLANS
                LISTEN ch
                UNLISTEN *
                NOTIFY ch, 'payload'
                COPY <table> FROM STDIN
                COPY <table> (a, b) TO STDOUT WITH (FORMAT csv)
                COPY (<query>) TO STDOUT
                COPY (<dml> RETURNING *) TO STDOUT
                DECLARE c CURSOR FOR <query>
                DECLARE c CURSOR WITH HOLD FOR <query>
                FETCH 10 FROM c
                MOVE FORWARD ALL IN c
                CLOSE c
                LOCK TABLE <table> IN SHARE MODE
                CALL p(<literal>)
                DO <string>
                VACUUM ANALYZE <table>
                CHECKPOINT
                LOAD 'x'
                REFRESH MATERIALIZED VIEW mv\
                """),
            rule("definition", """
                CREATE TABLE t (user_id bigint PRIMARY KEY, a text DEFAULT <string> CHECK (a <> 'x;y'))
                CREATE TEMP TABLE t AS <query>
                CREATE TEMPORARY TABLE t (a int) ON COMMIT DROP
                CREATE INDEX CONCURRENTLY i ON <table> (a) WHERE <condition>
                CREATE OR REPLACE VIEW v AS <query>
                CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $b$ SELECT 1; SELECT 2 $b$
                CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END
                CREATE RULE r AS ON INSERT TO <table> DO ALSO (DELETE FROM users; UPDATE users SET a = 1)
                ALTER TABLE <table> ADD COLUMN c int
                DROP TABLE IF EXISTS <table> CASCADE
                TRUNCATE <table>, users
                COMMENT ON TABLE <table> IS <string>
                GRANT SELECT ON <table> TO PUBLIC
                CREATE MATERIALIZED VIEW mv AS <query>\
                """));

    private static final String[] BLANKS = {
        " ", " ", " ", " ", " ", " ", "\n", "\t ", " /* c; */ ", " -- d; '\n", " /* /* x */ ' */ "
    };

    private final Random random;

    SqlGrammar(Random random) {
        this.random = random;
    }

    private static Map.Entry<String, List<String>> rule(String name, String alternatives) {
        return Map.entry(name, alternatives.lines().map(String::strip).toList());
    }

    String text() {
        StringBuilder out = new StringBuilder();
        boolean lower = random.nextInt(3) == 0;
        expand("<text>", 0, lower, out);
        return out.toString();
    }

    private void expand(String template, int depth, boolean lower, StringBuilder out) {
        int at = 0;
        while (at < template.length()) {
            int end = template.charAt(at) == '<' ? template.indexOf('>', at) : -1;
            List<String> alternatives = end < 0 ? null : RULES.get(template.substring(at + 1, end));
            if (alternatives != null) {
                int most = depth < DEEPEST ? alternatives.size() : Math.min(2, alternatives.size());
                expand(alternatives.get(random.nextInt(most)), depth + 1, lower, out);
                at = end + 1;
            } else {
                char c = template.charAt(at++);
                boolean plain = c != ' ' || quoted(template, at - 1);
                out.append(plain ? cased(template, c, lower) : BLANKS[random.nextInt(BLANKS.length)]);
            }
        }
    }

    private static boolean quoted(String template, int at) {
        return template.contains("$") || template.substring(0, at).matches("[^'\"]*(['\"])((?!\\1).)*");
    }

    private static String cased(String template, char c, boolean lower) {
        boolean fixed = template.contains("\"") || template.contains("'") || template.contains("$");
        return String.valueOf(lower && !fixed ? Character.toLowerCase(c) : c);
    }
}
