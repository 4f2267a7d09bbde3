package io.plinth.kvcache.command.hash;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.ScanOptions;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.random.RandomGenerator;

/** HRANDFIELD and HSCAN. */
final class HashPicking {
    private static final int BUCKETS_PER_COUNT = 10;

    private HashPicking() {}

    static void random(Call call) {
        if (call.count() == 2) {
            Entry entry = FieldExpiry.live(call, call.readHash(1));
            if (entry == null) {
                call.out().nullBulk();
            } else {
                call.out().bulk(entry.hash().random(call.node().random())[0]);
            }
            return;
        }
        long count = call.integer(2);
        if (count == Long.MIN_VALUE) {
            throw new CommandException(
                    "ERR value is out of range, value must between " + -Long.MAX_VALUE + " and " + Long.MAX_VALUE);
        }
        boolean withValues = call.count() == 4 && call.args().is(3, "WITHVALUES");
        if (call.count() > 4 || (call.count() == 4 && !withValues)) {
            throw CommandException.syntax();
        }
        if (withValues && (count < -Long.MAX_VALUE / 2 || count > Long.MAX_VALUE / 2)) {
            throw new CommandException("ERR value is out of range");
        }
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        if (entry == null || count == 0) {
            call.out().array(0);
            return;
        }
        HashValue hash = entry.hash();
        if (count < 0) {
            begin(call.out(), -count, withValues);
            for (long i = 0; i < -count; i++) {
                byte[][] pair = hash.random(call.node().random());
                write(call.out(), pair[0], pair[1], withValues);
            }
            return;
        }
        begin(call.out(), Math.min(count, hash.size()), withValues);
        distinct(hash, count, call.node().random(), (field, value) -> write(call.out(), field, value, withValues));
    }

    /** Some or all fields, by selection sampling: one pass, each choice as likely. */
    private static void distinct(
            HashValue hash, long count, RandomGenerator random, BiConsumer<byte[], byte[]> visitor) {
        long[] wanted = {Math.min(count, hash.size())};
        long[] left = {hash.size()};
        hash.forEach((field, value) -> {
            if (wanted[0] > 0 && random.nextLong(left[0]) < wanted[0]) {
                visitor.accept(field, value);
                wanted[0]--;
            }
            left[0]--;
        });
    }

    private static void begin(ReplyWriter out, long count, boolean withValues) {
        out.array(withValues && out.protocol() == 2 ? 2 * count : count);
    }

    private static void write(ReplyWriter out, byte[] field, byte[] value, boolean withValues) {
        if (withValues && out.protocol() == 3) {
            out.array(2);
        }
        out.bulk(field);
        if (withValues) {
            out.bulk(value);
        }
    }

    static void scan(Call call) {
        long cursor = ScanOptions.cursor(call, 2);
        ScanOptions options = ScanOptions.parse(call, 3, false);
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        if (entry == null) {
            call.out().array(2);
            call.out().bulkLong(0);
            call.out().array(0);
            return;
        }
        HashValue hash = entry.hash();
        List<byte[]> found = new ArrayList<>();
        int[] visited = new int[1];
        long budget = Math.max(options.count(), Math.min(options.count(), Long.MAX_VALUE / 16) * BUCKETS_PER_COUNT);
        do {
            cursor = hash.scan(cursor & 0xffff_ffffL, (field, value) -> {
                visited[0]++;
                if (options.match() == null || options.match().matches(field)) {
                    found.add(field);
                    found.add(value);
                }
            });
        } while (cursor != 0 && visited[0] < options.count() && --budget > 0);
        call.out().array(2);
        call.out().bulkLong(cursor);
        call.out().array(found.size());
        found.forEach(call.out()::bulk);
    }
}
