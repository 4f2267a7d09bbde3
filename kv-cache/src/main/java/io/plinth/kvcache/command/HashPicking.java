package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.HashValue;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** HRANDFIELD and HSCAN. */
final class HashPicking {
    private static final int BUCKETS_PER_COUNT = 10;

    private HashPicking() {}

    static void random(Call call) {
        if (call.count() == 2) {
            Entry entry = call.readHash(1);
            if (entry == null) {
                call.out().nullBulk();
            } else {
                HashValue hash = entry.hash();
                byte[] field = hash.field(hash.random(call.node().random()));
                call.out().bulkOrNull(field);
            }
            return;
        }
        long count = call.integer(2);
        boolean withValues = call.count() == 4 && call.args().is(3, "WITHVALUES");
        if (call.count() > 4 || (call.count() == 4 && !withValues)) {
            throw CommandException.syntax();
        }
        if (count < -Long.MAX_VALUE / 2 || count > Long.MAX_VALUE / 2) {
            throw new CommandException("ERR value is out of range");
        }
        Entry entry = call.readHash(1);
        if (entry == null || count == 0) {
            call.out().array(0);
            return;
        }
        HashValue hash = entry.hash();
        if (count < 0) {
            begin(call.out(), -count, withValues);
            for (long i = 0; i < -count; i++) {
                write(call.out(), hash, hash.random(call.node().random()), withValues);
            }
            return;
        }
        List<Integer> positions = distinct(hash, count, call.node().random());
        begin(call.out(), positions.size(), withValues);
        positions.forEach(position -> write(call.out(), hash, position, withValues));
    }

    /** Some or all positions, by selection sampling: one pass, each choice as likely. */
    private static List<Integer> distinct(HashValue hash, long count, RandomGenerator random) {
        List<Integer> chosen = new ArrayList<>();
        long wanted = Math.min(count, hash.size());
        long left = hash.size();
        for (int i = 0; i < hash.positions() && wanted > 0; i++) {
            if (hash.field(i) != null) {
                if (random.nextLong(left) < wanted) {
                    chosen.add(i);
                    wanted--;
                }
                left--;
            }
        }
        return chosen;
    }

    private static void begin(ReplyWriter out, long count, boolean withValues) {
        out.array(withValues && out.protocol() == 2 ? 2 * count : count);
    }

    private static void write(ReplyWriter out, HashValue hash, int position, boolean withValues) {
        if (withValues && out.protocol() == 3) {
            out.array(2);
        }
        out.bulkOrNull(hash.field(position));
        if (withValues) {
            out.bulk(hash.value(position));
        }
    }

    static void scan(Call call) {
        long cursor = ScanOptions.cursor(call, 2);
        ScanOptions options = ScanOptions.parse(call, 3, false);
        Entry entry = call.readHash(1);
        if (entry == null) {
            call.out().array(2);
            call.out().bulkLong(0);
            call.out().array(0);
            return;
        }
        HashValue hash = entry.hash();
        List<Integer> positions = new ArrayList<>();
        long budget = Math.max(options.count(), Math.min(options.count(), Long.MAX_VALUE / 16) * BUCKETS_PER_COUNT);
        do {
            cursor = hash.scan(cursor & 0xffff_ffffL, positions::add);
        } while (cursor != 0 && positions.size() < options.count() && --budget > 0);
        if (options.match() != null) {
            positions.removeIf(position -> {
                byte[] field = hash.field(position);
                return field == null || !options.match().matches(field);
            });
        }
        call.out().array(2);
        call.out().bulkLong(cursor);
        call.out().array(2L * positions.size());
        positions.forEach(position -> {
            call.out().bulkOrNull(hash.field(position));
            call.out().bulk(hash.value(position));
        });
    }
}
