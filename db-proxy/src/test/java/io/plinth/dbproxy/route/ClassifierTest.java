package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.StatementPlan.Everywhere;
import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.route.StatementPlan.Kind;
import io.plinth.dbproxy.route.StatementPlan.Pin;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.route.StatementPlan.Setting;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClassifierTest {
    private static final Classifier CLASSIFIER = new Classifier(
            Topology.byName(List.of(
                    new ShardedTable("orders", "user_id", KeyType.BIGINT),
                    new ShardedTable("lines", "user_id", KeyType.BIGINT),
                    new ShardedTable("names", "name", KeyType.TEXT))),
            true);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1",
                "SELECT now(), count(*) FROM products WHERE name LIKE 'x%'",
                "SELECT pg_is_in_recovery(), inet_server_port(), current_setting('port')",
                "WITH p AS (SELECT 1) SELECT * FROM p",
                "VALUES (1)",
                "TABLE products",
                "SHOW search_path",
                "EXPLAIN SELECT 1",
                "EXPLAIN INSERT INTO products VALUES (1)",
                "SELECT x.update FROM x",
                "SELECT 'INSERT INTO', \"delete\" FROM x",
                "SET search_path TO a",
                "SELECT * FROM products WHERE id IN (1, 2) AND (a OR b)",
                "SELECT pg_catalog.count(*) FROM x",
                "(SELECT 1) UNION (SELECT 2)",
                "SELECT * FROM x TABLESAMPLE system (10)",
                "SELECT * FROM x WHERE a OPERATOR(pg_catalog.~) 'b'",
            })
    void readsMayGoToAReplica(String sql) {
        assertThat(plan(sql).readOnly()).isTrue();
    }

    @Test
    void theBodyOfAnSqlFunctionEndsWithItsOwnEnd() {
        String function = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 AS end; SELECT CASE WHEN"
                + " x.end THEN 2 END; END";
        assertThat(CLASSIFIER
                        .plan((function + "; SELECT 1").getBytes(StandardCharsets.UTF_8))
                        .statements())
                .hasSize(2);
    }

    @Test
    void namesThatAreSpeltInUnicodeAreNotMasked() {
        assertThat(fingerprint("SELECT 1 FROM U&\"a\""))
                .isNotEqualTo(fingerprint("SELECT 1 FROM U&\"b\""))
                .isEqualTo(fingerprint("SELECT 2 FROM U&\"a\""));
    }

    private static long fingerprint(String sql) {
        return CLASSIFIER.plan(sql.getBytes(StandardCharsets.UTF_8)).fingerprint();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO products VALUES (1)",
                "SELECT operator(-x.a) FROM x",
                "WITH x AS (DELETE FROM products RETURNING *) SELECT * FROM x",
                "SELECT * FROM products FOR UPDATE",
                "SELECT * FROM products FOR NO KEY UPDATE",
                "SELECT * FROM products FOR SHARE",
                "SELECT * FROM products FOR KEY SHARE",
                "SELECT nextval('s')",
                "SELECT my_function()",
                "SELECT s.count(*) FROM x",
                "SELECT \"nextval\"('s')",
                "SELECT 1 INTO x",
                "EXPLAIN ANALYZE INSERT INTO products VALUES (1)",
                "EXPLAIN (ANALYZE, VERBOSE) DELETE FROM products",
                "CREATE TABLE x (a int)",
                "VACUUM",
                "CALL p()",
                "DO $$ BEGIN END $$",
                "NOTIFY x",
                "gibberish",
                "SELECT pg_advisory_xact_lock(1)",
                "SELECT 'unterminated",
            })
    void everythingElseGoesToThePrimary(String sql) {
        assertThat(plan(sql).readOnly()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM orders WHERE user_id = 5",
                "SELECT * FROM public.orders AS o WHERE o.user_id = 5 ORDER BY id LIMIT 3",
                "SELECT * FROM ONLY orders o WHERE 5 = o.user_id AND a = 1",
                "SELECT * FROM orders WHERE (user_id = '5')",
                "SELECT * FROM orders WHERE (a = 1 AND (user_id = 5::bigint)) AND (b OR c)",
                "SELECT * FROM orders WHERE a BETWEEN 1 AND 2 AND user_id = bigint '5'",
                "SELECT * FROM orders WHERE user_id IN (5, 5)",
                "SELECT * FROM orders WHERE user_id = ANY (ARRAY[5])",
                "SELECT * FROM orders WHERE user_id = ANY ('{5,\"5\",NULL}'::bigint[])",
                "SELECT a IS DISTINCT FROM b FROM orders WHERE user_id = 5",
                "SELECT extract(year FROM at) FROM orders WHERE user_id = 5 GROUP BY 1 HAVING count(*) > 1",
                "SELECT * FROM orders o JOIN lines l ON l.user_id = o.user_id WHERE o.user_id = 5",
                "SELECT * FROM orders o JOIN lines l ON l.id = o.id AND l.user_id = 5 AND o.user_id = 5",
                "SELECT * FROM orders o LEFT JOIN lines l ON o.user_id = l.user_id AND l.id = o.id WHERE o.user_id = 5",
                "SELECT * FROM orders o, lines l WHERE o.user_id = 5 AND l.user_id = o.user_id",
                "SELECT CASE WHEN a THEN b END FROM orders WHERE user_id = 5 AND CASE WHEN a AND b THEN c END",
                "INSERT INTO orders (id, user_id) VALUES (1, 5)",
                "INSERT INTO orders (user_id, note) VALUES (5, f(1, 2)), ('5', 'x') RETURNING id",
                "INSERT INTO orders AS o (user_id) VALUES (5) ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE o.a = 1",
                "UPDATE orders SET note = 'x', total = total + 1 WHERE user_id = 5 AND id = 1",
                "UPDATE orders o SET note = l.note FROM lines l WHERE o.user_id = 5 AND l.user_id = o.user_id",
                "DELETE FROM orders WHERE user_id = 5",
                "DELETE FROM orders o USING lines l WHERE o.user_id = l.user_id AND l.user_id = 5",
                "EXPLAIN SELECT * FROM orders WHERE user_id = 5",
                "DECLARE c CURSOR FOR SELECT * FROM orders WHERE user_id = 5",
                "SELECT * FROM \"orders\" WHERE \"user_id\" = +5",
            })
    void aKeyFixedByTheWholeConditionDecidesTheShard(String sql) {
        assertThat(plan(sql).need())
                .isInstanceOfSatisfying(
                        Keyed.class,
                        keyed -> assertThat(keyed.keys())
                                .isNotEmpty()
                                .allSatisfy(key ->
                                        assertThat(key.parts()).containsExactly(new StatementPlan.Constant(5L))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM orders",
                "SELECT * FROM orders WHERE user_id = 5 OR id = 1",
                "SELECT * FROM orders WHERE NOT user_id = 5",
                "SELECT * FROM orders WHERE user_id <> 5",
                "SELECT * FROM orders WHERE user_id = 5.0",
                "SELECT * FROM orders WHERE user_id = 5 + 1",
                "SELECT * FROM orders WHERE user_id = id",
                "SELECT * FROM orders WHERE user_id = '5'::text",
                "SELECT * FROM orders WHERE user_id IN (5, id)",
                "SELECT * FROM orders WHERE user_id NOT IN (5)",
                "SELECT * FROM orders WHERE x BETWEEN 1 AND user_id = 5",
                "SELECT * FROM orders WHERE CASE WHEN a AND user_id = 5 AND b THEN c END",
                "SELECT * FROM orders WHERE user_id = 5 IS FALSE",
                "SELECT * FROM orders o FULL JOIN lines l ON o.user_id = l.user_id AND o.user_id = 5",
                "SELECT * FROM orders o LEFT JOIN lines l ON o.user_id = l.user_id AND l.user_id = 5",
                "SELECT * FROM orders o LEFT JOIN lines l ON l.id = o.id WHERE o.user_id = 5",
                "SELECT * FROM orders o JOIN lines l ON l.user_id = 5",
                "SELECT * FROM orders o JOIN products p ON p.id = o.id WHERE o.user_id = 5",
                "SELECT * FROM orders, generate_series(1, 2) WHERE user_id = 5",
                "SELECT * FROM orders NATURAL JOIN lines WHERE user_id = 5",
                "SELECT * FROM orders JOIN lines USING (user_id) WHERE user_id = 5",
                "SELECT * FROM orders WHERE user_id = 5 UNION SELECT * FROM products",
                "SELECT * FROM (SELECT * FROM orders WHERE user_id = 5) x",
                "SELECT (SELECT max(id) FROM products) FROM orders WHERE user_id = 5",
                "WITH x AS (SELECT 1) SELECT * FROM orders WHERE user_id = 5",
                "TABLE orders",
                "SELECT * INTO x FROM orders WHERE user_id = 5",
                "INSERT INTO orders VALUES (1, 5)",
                "INSERT INTO orders (id) VALUES (5)",
                "INSERT INTO orders (user_id) VALUES (NULL)",
                "INSERT INTO orders (user_id) VALUES (DEFAULT)",
                "INSERT INTO orders DEFAULT VALUES",
                "INSERT INTO orders (user_id) SELECT 5",
                "INSERT INTO products SELECT * FROM orders WHERE user_id = 5",
                "INSERT INTO orders (user_id) VALUES (5) ON CONFLICT (id) DO UPDATE SET user_id = 6",
                "UPDATE orders SET (a, user_id) = (1, 6) WHERE user_id = 5",
                "UPDATE products SET a = 1 FROM orders WHERE orders.user_id = 5",
                "DELETE FROM orders",
                "DELETE FROM orders WHERE CURRENT OF c",
                "MERGE INTO orders USING lines ON true WHEN MATCHED THEN DELETE",
                "LOCK TABLE orders",
                "PREPARE p AS SELECT * FROM orders WHERE user_id = $1",
                "DO $$ BEGIN DELETE FROM orders; END $$",
                "CREATE FUNCTION f() RETURNS int AS 'SELECT 1 FROM Orders' LANGUAGE sql",
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC; SELECT 1 FROM orders; END",
                "CREATE VIEW v AS SELECT * FROM orders",
                "CREATE TABLE x AS SELECT * FROM orders",
                "CREATE TABLE x (LIKE orders)",
                "CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION f()",
                "CREATE TABLE orders (user_id text)",
                "CREATE TABLE orders (id bigint)",
                "CREATE TEMP TABLE orders (user_id bigint)",
                "ALTER TABLE orders RENAME TO old_orders",
                "ALTER TABLE orders ALTER COLUMN user_id TYPE text",
                "DROP TABLE orders, products",
                "SELECT query_to_xml('SELECT * FROM orders', true, true, '')",
                "COPY app.orders FROM STDIN",
                "CREATE TABLE orders (user_id bigint, id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 50))",
                "SELECT * FROM names WHERE name = 5",
                "SELECT * FROM U&\"\\006frders\" WHERE user_id = 5",
                "SET SESSION AUTHORIZATION x",
                "SELECT set_config('search_path', 'x', false)",
                "SET client_encoding TO 'LATIN1'",
                "SET standard_conforming_strings TO off",
            })
    void whatIsNotSurelyRightOnOneShardIsNotSentToOne(String sql) {
        assertThat(plan(sql).need()).isInstanceOfAny(Refused.class, StatementPlan.Scattered.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM products",
                "INSERT INTO log VALUES ('orders')",
                "SELECT orders.id FROM products AS orders_of",
                "ANALYZE",
            })
    void whatNamesNoShardedTableGoesToTheDefaultShard(String sql) {
        assertThat(plan(sql).need()).isInstanceOf(StatementPlan.Unsharded.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE orders (id bigint, user_id bigint NOT NULL, PRIMARY KEY (user_id, id))",
                "CREATE TABLE IF NOT EXISTS public.orders (user_id integer)",
                "CREATE UNIQUE INDEX CONCURRENTLY i ON orders (user_id, id)",
                "ALTER TABLE ONLY orders ADD COLUMN x int",
                "DROP TABLE IF EXISTS orders CASCADE",
                "TRUNCATE orders",
                "TRUNCATE TABLE orders RESTART IDENTITY",
                "VACUUM ANALYZE orders",
                "GRANT SELECT, INSERT ON TABLE orders TO reader",
                "COMMENT ON TABLE orders IS 'x'",
            })
    void plainDefinitionsOfShardedTablesGoEverywhere(String sql) {
        assertThat(plan(sql).need()).isInstanceOf(Everywhere.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "BEGIN~BEGIN",
                "START TRANSACTION READ ONLY~BEGIN",
                "COMMIT~COMMIT",
                "END~COMMIT",
                "ROLLBACK~ROLLBACK",
                "ABORT~ROLLBACK",
                "ROLLBACK TO SAVEPOINT a~ROLLBACK_TO",
                "ROLLBACK WORK TO a~ROLLBACK_TO",
                "SAVEPOINT a~NEUTRAL",
                "SET LOCAL x TO 1~NEUTRAL",
                "ROLLBACK PREPARED 'x'~OTHER",
                "COPY x FROM STDIN~COPY_IN",
            })
    void transactionsAreFollowed(String sql, Kind kind) {
        assertThat(plan(sql).kind()).isEqualTo(kind);
    }

    @Test
    void aLoneBeginIsUnderstoodOrLeftToTheServer() {
        assertThat(CLASSIFIER
                        .plan(bytes("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY"))
                        .begin())
                .isEqualTo(new SqlPlan.Begin(true, true));
        assertThat(CLASSIFIER.plan(bytes("begin;")).begin()).isEqualTo(new SqlPlan.Begin(null, false));
        assertThat(CLASSIFIER.plan(bytes("BEGIN FOO")).begin()).isNull();
        assertThat(CLASSIFIER.plan(bytes("BEGIN; SELECT 1")).begin()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "SET search_path TO a, \"B\"~search_path~SET search_path TO a, \"B\"",
                "SET SESSION x.y = 'z' -- why~x.y~SET x.y = 'z'",
                "SET TIME ZONE 'UTC'~timezone~SET TIME ZONE 'UTC'",
                "SET NAMES 'UTF8'~client_encoding~SET NAMES 'UTF8'",
                "SET SCHEMA 'x'~search_path~SET SCHEMA 'x'",
                "set DateStyle to DEFAULT~datestyle~",
                "RESET TIME ZONE~timezone~",
                "RESET work_mem~work_mem~",
            })
    void settingsAreRememberedAsTheyWereMade(String sql, String name, String again) {
        assertThat(plan(sql).effect()).isEqualTo(new Setting(name, again));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TEMPORARY TABLE t (a int)",
                "CREATE LOCAL TEMP TABLE t (a int)",
                "SELECT pg_advisory_lock(1)",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
                "COMMIT AND CHAIN",
            })
    void whatOnlyOneServerSessionHasPinsIt(String sql) {
        assertThat(plan(sql).effect()).isInstanceOf(Pin.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DO $$ BEGIN PERFORM set_config('app.tenant','1',false); END $$",
                "DO $x$ BEGIN PERFORM pg_advisory_lock(1); END $x$ LANGUAGE plpgsql",
                "DO 'BEGIN SET work_mem = ''1MB''; END'",
                "DO E'BEGIN RESET ALL; END'",
                "DO $$ BEGIN EXECUTE 'SET ROLE clerk'; END $$",
                "DO $$ BEGIN EXECUTE format('CREATE TEMP TABLE %I ()', 'x'); END $$",
                "DO $$ BEGIN IF true THEN LISTEN a; END IF; END $$",
                "DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT 1'; END $$",
            })
    void aBlockThatMayChangeTheSessionPinsIt(String sql) {
        assertThat(plan(sql).effect()).isInstanceOf(Pin.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DO $$ BEGIN UPDATE products SET a = 1; END $$",
                "DO $$ BEGIN SET LOCAL work_mem = '1MB'; PERFORM pg_advisory_xact_lock(1); END $$",
                "DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO products VALUES (i, 'it''s'); END LOOP; END $$",
            })
    void aBlockThatOnlyWritesDoesNot(String sql) {
        assertThat(plan(sql).effect()).isNotInstanceOf(Pin.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "/* plinth: primary */ SELECT 1~false",
                "SELECT unknown(1) /* plinth: replica */~true",
                "SELECT unknown(1) /* plinth: replica, primary */~false",
                "INSERT INTO products VALUES (1) /* plinth: replica */~false",
                "SELECT pg_advisory_lock(1) /* plinth: replica */~false",
                "SELECT '/* plinth: primary */'~true",
                "SELECT 1 -- plinth: primary~true",
            })
    void commentsSayWhetherAReadGoesToThePrimary(String sql, boolean readOnly) {
        assertThat(plan(sql).readOnly()).isEqualTo(readOnly);
    }

    @Test
    void commentsNameAShardWhereNoKeyDoes() {
        StatementPlan.Hinted there = new StatementPlan.Hinted("s1");
        assertThat(plan("/* plinth: shard=s1 */ SELECT 1").need()).isEqualTo(there);
        assertThat(plan("SELECT rank() OVER () FROM orders /* plinth: shard=s1 */")
                        .need())
                .isEqualTo(there);
        assertThat(plan("ALTER TABLE orders ADD x int /* plinth: shard=s1 */").need())
                .isEqualTo(there);
        assertThat(plan("SELECT * FROM orders WHERE user_id = 5 /* plinth: shard=s1 */")
                        .need())
                .isInstanceOf(Keyed.class);
        assertThat(plan("COPY orders FROM STDIN /* plinth: shard=s1 */").need())
                .isInstanceOf(StatementPlan.Copying.class);
        assertThat(plan("SELECT 1 /* plinth: nearest */").need()).isInstanceOf(Refused.class);
        assertThat(plan("SELECT 1 /* plinth: shard= */").need()).isInstanceOf(Refused.class);
        assertThat(CLASSIFIER.plan(bytes("SELECT 1 /* plinth: key=u-42 */")).key())
                .isEqualTo("u-42");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EXPLAIN SELECT * FROM orders WHERE user_id IN (1, 2)",
                "EXPLAIN INSERT INTO orders (user_id) VALUES (1), (2)",
                "EXPLAIN ANALYZE DELETE FROM orders WHERE user_id IN (1, 2)",
                "DECLARE c CURSOR FOR SELECT * FROM orders WHERE user_id IN (1, 2)",
            })
    void whatStandsAroundAStatementIsNeverSplitOff(String sql) {
        assertThat(plan(sql).need()).isInstanceOfSatisfying(Keyed.class, keyed -> {
            assertThat(keyed.rows()).isNull();
            assertThat(keyed.spread()).isNull();
        });
    }

    @Test
    void tablesWithoutAKeyDecideByWhereTheyAre() {
        Classifier classifier = new Classifier(
                Topology.byName(List.of(
                        new ShardedTable("orders", "user_id", KeyType.BIGINT),
                        new ShardedTable("ref", List.of(), new Scheme.Copied(), null),
                        new ShardedTable("whole", List.of(), new Scheme.Whole("s1"), null))),
                Map.of("billing", "s1"),
                true);
        for (String sql : List.of(
                "SELECT * FROM whole",
                "INSERT INTO whole (a, b) SELECT i, extract(year FROM at) FROM generate_series(1, 5) i",
                "WITH w AS (SELECT * FROM whole) SELECT * FROM w, ref r, billing.x WHERE r.a IS DISTINCT FROM w.a",
                "UPDATE billing.x SET a = 1 FROM whole WHERE whole.a IN (SELECT a FROM ref)",
                "DELETE FROM whole USING billing.x",
                "CREATE TABLE billing.y (a int)",
                "CREATE INDEX i ON whole (a)")) {
            assertThat(need(classifier, sql))
                    .as(sql)
                    .isInstanceOfSatisfying(
                            StatementPlan.Placed.class,
                            placed -> assertThat(placed.shard()).isEqualTo("s1"));
        }
        for (String sql : List.of(
                "SELECT * FROM whole, products",
                "INSERT INTO products SELECT * FROM whole",
                "INSERT INTO ref SELECT * FROM whole",
                "UPDATE ref SET a = random()",
                "SELECT * FROM whole JOIN orders ON true WHERE user_id = 5")) {
            assertThat(need(classifier, sql)).as(sql).isInstanceOf(Refused.class);
        }
        assertThat(need(classifier, "SELECT * FROM ref")).isEqualTo(StatementPlan.ANYWHERE);
        assertThat(need(classifier, "SELECT * FROM ref, products")).isEqualTo(StatementPlan.UNSHARDED);
        assertThat(need(classifier, "INSERT INTO ref (a) VALUES (1) ON CONFLICT (a) DO NOTHING"))
                .isInstanceOf(Everywhere.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"'now'", "' Today'", "inet_client_port()", "age(d)", "'t'::regclass::oid", "ctid"})
    void referenceTablesTakeNothingThatDiffersFromShardToShard(String value) {
        Classifier classifier = new Classifier(
                Topology.byName(List.of(new ShardedTable("ref", List.of(), new Scheme.Copied(), null))), true);
        assertThat(need(classifier, "UPDATE ref SET a = " + value)).isInstanceOf(Refused.class);
        assertThat(need(classifier, "UPDATE ref SET a = 'then'")).isInstanceOf(Everywhere.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM ref WHERE id IN (SELECT id FROM ref LIMIT 1)",
                "DELETE FROM ref WHERE id IN (SELECT id FROM ref ORDER BY a OFFSET 1)",
                "INSERT INTO ref (a) SELECT a FROM ref ORDER BY a FETCH FIRST 3 ROWS ONLY",
                "INSERT INTO ref (a) SELECT DISTINCT ON (a) b FROM ref",
                "INSERT INTO ref (a) SELECT row_number() OVER (ORDER BY b) FROM ref",
                "UPDATE ref SET a = (SELECT json_agg(b) FROM ref)",
                "UPDATE ref SET a = 'tomorrow 04:00'",
                "UPDATE ref SET a = pg_column_size(b)",
            })
    void referenceTablesTakeNoRowsThatEachShardWouldChoose(String sql) {
        Classifier classifier = new Classifier(
                Topology.byName(List.of(new ShardedTable("ref", List.of(), new Scheme.Copied(), null))), true);
        assertThat(need(classifier, sql)).isInstanceOf(Refused.class);
        assertThat(need(
                        classifier,
                        "INSERT INTO ref (a) SELECT DISTINCT b FROM ref WHERE c = 'today is fine' LIMIT ALL"))
                .isInstanceOf(Everywhere.class);
    }

    private static StatementPlan.Need need(Classifier classifier, String sql) {
        return Objects.requireNonNull(classifier.plan(bytes(sql)).only(), sql).need();
    }

    @Test
    void parametersAreFoundByPosition() {
        assertThat(((Keyed) plan("SELECT * FROM orders WHERE a = $1 AND user_id = $2")
                                .need())
                        .keys())
                .singleElement()
                .isEqualTo(new StatementPlan.ShardKey(
                        new ShardedTable("orders", "user_id", KeyType.BIGINT),
                        List.of(new StatementPlan.Parameter(1))));
    }

    @Test
    void statementsAreSplitWherePostgresSplitsThem() {
        assertThat(CLASSIFIER.plan(bytes("SELECT ';'; ; SELECT 2 /* ; */; ")).statements())
                .hasSize(2);
        assertThat(CLASSIFIER
                        .plan(bytes("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; "))
                        .statements())
                .hasSize(1);
        assertThat(CLASSIFIER.plan(bytes("-- nothing")).statements()).isEmpty();
    }

    private static StatementPlan plan(String sql) {
        return Objects.requireNonNull(CLASSIFIER.plan(bytes(sql)).only(), sql);
    }

    private static byte[] bytes(String sql) {
        return sql.getBytes(StandardCharsets.UTF_8);
    }
}
