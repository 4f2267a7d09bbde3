package io.plinth.dbproxy.copy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.SqlError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CopyToTest {
    private final List<String> lent = new ArrayList<>();
    private final List<String> told = new ArrayList<>();

    private CopyTo copy() {
        ShardedCopy copy = new ShardedCopy(
                new ShardedTable("orders", "user_id", KeyType.BIGINT),
                false,
                List.of(),
                ShardedCopy.Format.TEXT,
                (byte) '\t',
                (byte) '"',
                (byte) '"',
                false,
                "\\N",
                null,
                List.of());
        CopyTo.Lender lender = new CopyTo.Lender() {
            @Override
            public void lend(String shard, Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
                lent.add(shard);
                refused.accept(SqlError.of(SqlError.CONNECTION_FAILURE, "away"));
            }

            @Override
            public void giveBack(ServerConnection connection) {}

            @Override
            public void stop(ServerConnection connection) {}
        };
        return new CopyTo(
                copy,
                "COPY orders TO STDOUT".getBytes(StandardCharsets.UTF_8),
                List.of("s0", "s1"),
                Settings.NONE,
                new EmbeddedChannel(),
                lender,
                out -> {});
    }

    @Test
    void whatIsCancelledBeforeTheGateLetsItIsToldOnceAndAsksNobody() {
        List<Runnable> held = new ArrayList<>();
        CopyTo copy = copy();
        copy.run(held::add, told::add, error -> told.add(error.code()));
        copy.cancel(SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request"), true);
        assertThat(told).containsExactly("57014");
        held.forEach(Runnable::run);
        assertThat(told).containsExactly("57014");
        assertThat(lent).isEmpty();
    }

    @Test
    void aShardThatIsAwayEndsIt() {
        copy().run(Runnable::run, told::add, error -> told.add(error.code()));
        assertThat(lent).containsExactly("s0");
        assertThat(told).containsExactly("08006");
    }
}
