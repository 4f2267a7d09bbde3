package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlTokens;
import io.plinth.dbproxy.sql.TokenShape;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SharedPlanTest {
    private static final Classifier CLASSIFIER = new Classifier(
            Topology.byName(List.of(
                    new ShardedTable("orders", "user_id", KeyType.BIGINT),
                    new ShardedTable("lines", "user_id", KeyType.BIGINT),
                    new ShardedTable("names", "name", KeyType.TEXT))),
            true);

    /** What statements are made of here; # is a literal. */
    private static final String[] PIECES = {
        "SELECT a FROM orders WHERE user_id = #",
        "SELECT a FROM products WHERE id = #",
        "UPDATE orders SET a = # WHERE user_id = #",
        "INSERT INTO orders (user_id, a) VALUES (#, #)",
        "INSERT INTO orders (user_id, a) VALUES (#, #), (#, #)",
        "SELECT a FROM orders ORDER BY a LIMIT # OFFSET #",
        "SELECT a FROM orders WHERE user_id = # AND a = # OR b = #",
        "SELECT a FROM orders WHERE user_id = - # AND a > #",
        "SELECT a FROM orders WHERE user_id IN (#, #)",
        "SELECT a FROM names WHERE name = # AND a = #",
        "SELECT a FROM orders JOIN lines ON orders.user_id = lines.user_id WHERE orders.user_id = #",
        "SET work_mem = #",
        "SELECT set_config(#, #, true)",
        "PREPARE p AS SELECT # FROM products",
        "EXECUTE p(#)",
        "DO #",
        "SELECT query_to_xml(#, true, true, #)",
        "SELECT a FROM orders WHERE user_id = bigint #",
        "SELECT count(*) FROM orders WHERE a = #",
        "DELETE FROM lines WHERE user_id = # RETURNING a",
    };

    private static final String[] LITERALS = {
        "5",
        "7",
        "0",
        "99999999999999999999",
        "9223372036854775807",
        "1.5",
        "'5'",
        "'x'",
        "' 6 '",
        "''",
        "'it''s'",
        "E'a\\'b'",
        "'select * from orders'",
        "'CREATE TEMP TABLE t (a int)'",
        "'-8'",
        "1e3",
        "123456789012345678901"
    };

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT a FROM products WHERE id = 5 | select a  from products where id = 5",
                "SELECT a FROM products WHERE id = 5 | SELECT a FROM products WHERE id = '5'",
                "SELECT a FROM products WHERE id = 5 | SELECT a FROM products WHERE id = $1",
                "SELECT a FROM products WHERE id = $2 | SELECT a FROM products WHERE id = $1",
                "SELECT \"a\" FROM products | SELECT \"A\" FROM products",
                "SELECT (1, 2) | SELECT (1, 2, 3)",
                "SELECT $$a$$ | SELECT $$b$$",
                "SELECT U&'a' | SELECT U&'b'",
            })
    void textsThatDifferInMoreThanValuesHaveOtherShapes(String one, String other) {
        assertThat(shape(one)).isNotEqualTo(shape(other)).isEqualTo(shape(one));
    }

    @Test
    void blanksCommentsAndValuesAreNoPartOfAShape() {
        TokenShape shape = shape("SELECT a FROM products WHERE id=5 AND b = 'x'");
        assertThat(shape("SELECT a\nFROM products /* hm */ WHERE id = 66  AND b = 'it''s'"))
                .isEqualTo(shape)
                .hasSameHashCodeAs(shape);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT a FROM products WHERE id = 5 AND b IN (1, 'x')",
                "SELECT a FROM orders WHERE user_id = 5 AND a = 'x'",
                "UPDATE orders SET a = 1 WHERE user_id = '5'",
                "INSERT INTO orders (user_id, a) VALUES (5, 'x')",
                "DELETE FROM orders WHERE user_id = 5",
            })
    void whatApplicationsSendOftenIsShared(String sql) {
        assertThat(shared(sql)).isNotNull();
    }

    @Test
    void aKeyIsReadAnewFromEachText() {
        SqlPlan plan = shared("SELECT a FROM orders WHERE user_id = 5", "SELECT a FROM orders WHERE user_id = 123456");
        assertThat(plan).isEqualTo(plan("SELECT a FROM orders WHERE user_id = 123456"));
        assertThat(plan).isNotEqualTo(plan("SELECT a FROM orders WHERE user_id = 5"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT a FROM orders ORDER BY a LIMIT 5",
                "SET work_mem = 5",
                "PREPARE p AS SELECT 5",
                "DO 'begin end'",
                "INSERT INTO orders (user_id, a) VALUES (1, 2), (3, 4)",
                "SELECT a FROM products WHERE id = 5 /* plinth: primary */",
            })
    void aPlanThatValuesOrPositionsDecideOnIsNotShared(String sql) {
        assertThat(shared(sql)).isNull();
    }

    @Test
    void aSharedPlanIsWhatTheParserSaysOfEveryText() {
        long seed = Long.getLong("plinth.seed", 1);
        Random random = new Random(seed);
        int shared = 0;
        for (int round = 0; round < 20_000; round++) {
            String piece = PIECES[random.nextInt(PIECES.length)];
            String one = fill(piece, random);
            String other = fill(piece, random);
            if (!shape(one).equals(shape(other))) {
                continue;
            }
            SqlPlan plan = shared(one, other);
            if (plan != null) {
                shared++;
                assertThat(plan)
                        .as("seed %d: %s, planned for %s", seed, other, one)
                        .isEqualTo(plan(other));
            }
        }
        assertThat(shared).isGreaterThan(500);
    }

    private static String fill(String piece, Random random) {
        StringBuilder sql = new StringBuilder();
        for (int i = 0; i < piece.length(); i++) {
            sql.append(
                    piece.charAt(i) == '#'
                            ? LITERALS[random.nextInt(LITERALS.length)]
                            : String.valueOf(piece.charAt(i)));
        }
        return sql.toString();
    }

    private static @Nullable SharedPlan shared(String sql) {
        TokenShape shape = shape(sql);
        return SharedPlan.of(shape, CLASSIFIER.plan(bytes(sql), shape.tokens()));
    }

    private static @Nullable SqlPlan shared(String one, String other) {
        SharedPlan shared = shared(one);
        return shared == null ? null : shared.of(tokens(other));
    }

    private static SqlPlan plan(String sql) {
        return CLASSIFIER.plan(bytes(sql));
    }

    private static TokenShape shape(String sql) {
        return new TokenShape(tokens(sql));
    }

    private static SqlTokens tokens(String sql) {
        return Objects.requireNonNull(Classifier.tokens(bytes(sql)));
    }

    private static byte[] bytes(String sql) {
        return sql.getBytes(StandardCharsets.UTF_8);
    }
}
