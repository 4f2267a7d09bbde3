package io.plinth.kvcache.command.list;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Lists;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists, but for the commands that move or pop from one of several. */
public final class ListCommands {
    private ListCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("lpush", "Adds elements at the head.", call -> push(call, true, false));
        to.add("rpush", "Adds elements at the tail.", call -> push(call, false, false));
        to.add("lpushx", "Adds elements at the head of a list that exists.", call -> push(call, true, true));
        to.add("rpushx", "Adds elements at the tail of a list that exists.", call -> push(call, false, true));
        to.add("lpop", "Takes elements from the head.", call -> pop(call, true));
        to.add("rpop", "Takes elements from the tail.", call -> pop(call, false));
        to.add("llen", "Returns the length.", call -> {
            Entry entry = call.read(1, ValueType.LIST);
            call.out().integer(entry == null ? 0 : entry.list().size());
        });
        to.add("lindex", "Returns the element at an index.", ListCommands::index);
        to.add("lset", "Replaces the element at an index.", ListCommands::set);
        to.add("linsert", "Adds an element beside another.", ListCommands::insert);
        to.add("lrange", "Returns a range of elements.", ListCommands::range);
        to.add("ltrim", "Keeps a range of elements.", ListCommands::trim);
        to.add("lrem", "Removes equal elements.", ListCommands::remove);
        to.add("lpos", "Finds equal elements.", ListCommands::position);
        ListMoves.register(to);
    }

    private static void push(Call call, boolean left, boolean existing) {
        Entry entry = call.write(1, ValueType.LIST);
        if (entry == null && existing) {
            call.out().integer(0);
            return;
        }
        if (entry == null) {
            entry = call.segment().addEmpty(call.key(), new ListValue(), call.now());
        }
        for (int i = 2; i < call.count(); i++) {
            Lists.push(call.segment(), entry, left, call.bytes(i));
        }
        call.event(KeyEvents.LIST, left ? "lpush" : "rpush", 1);
        call.out().integer(entry.list().size());
    }

    private static void pop(Call call, boolean left) {
        if (call.count() > 3) {
            throw CommandException.arity(call.command().name());
        }
        boolean counted = call.count() == 3;
        long count = counted ? call.integer(2, 0, Long.MAX_VALUE, "value is out of range, must be positive") : 1;
        Entry entry = call.write(1, ValueType.LIST);
        if (entry == null) {
            if (counted) {
                call.out().nullArray();
            } else {
                call.out().nullBulk();
            }
            return;
        }
        if (counted) {
            take(call, entry, 1, left, count);
        } else {
            ListValue list = entry.list();
            byte[] value = Lists.pop(call.segment(), entry, left);
            call.event(KeyEvents.LIST, left ? "lpop" : "rpop", 1);
            gone(call, list, 1);
            call.out().bulkOrNull(value);
        }
    }

    /** Takes several elements and writes them as an array. */
    static void take(Call call, Entry entry, int keyArg, boolean left, long count) {
        ListValue list = entry.list();
        long taken = Math.min(count, list.size());
        call.out().array(taken);
        for (long i = 0; i < taken; i++) {
            call.out().bulkOrNull(Lists.pop(call.segment(), entry, left));
        }
        if (taken > 0) {
            call.event(KeyEvents.LIST, left ? "lpop" : "rpop", keyArg);
            gone(call, list, keyArg);
        }
    }

    /** Tells when the list went with its last element. */
    static void gone(Call call, ListValue list, int keyArg) {
        if (list.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", keyArg);
        }
    }

    private static void index(Call call) {
        Entry entry = call.read(1, ValueType.LIST);
        if (entry == null) {
            call.out().nullBulk();
        } else {
            call.out().bulkOrNull(entry.list().get(call.integer(2)));
        }
    }

    private static void set(Call call) {
        Entry entry = call.write(1, ValueType.LIST);
        if (entry == null) {
            throw new CommandException("ERR no such key");
        }
        long index = call.integer(2);
        long size = entry.list().size();
        long at = index < 0 ? index + size : index;
        if (at < 0 || at >= size) {
            throw new CommandException("ERR index out of range");
        }
        Lists.set(call.segment(), entry, at, call.bytes(3));
        call.event(KeyEvents.LIST, "lset", 1);
        call.out().ok();
    }

    private static void insert(Call call) {
        boolean before = call.args().is(2, "BEFORE");
        if (!before && !call.args().is(2, "AFTER")) {
            throw CommandException.syntax();
        }
        Entry entry = call.write(1, ValueType.LIST);
        if (entry == null) {
            call.out().integer(0);
            return;
        }
        long[] found = {-1};
        entry.list().find(call.bytes(3), false, 0, index -> {
            found[0] = index;
            return false;
        });
        if (found[0] < 0) {
            call.out().integer(-1);
            return;
        }
        Lists.insert(call.segment(), entry, before ? found[0] : found[0] + 1, call.bytes(4));
        call.event(KeyEvents.LIST, "linsert", 1);
        call.out().integer(entry.list().size());
    }

    private static void range(Call call) {
        long start = call.integer(2);
        long stop = call.integer(3);
        Entry entry = call.read(1, ValueType.LIST);
        long size = entry == null ? 0 : entry.list().size();
        long from = Math.max(0, start < 0 ? start + size : start);
        long to = Math.min(size - 1, stop < 0 ? stop + size : stop);
        if (entry == null || from > to) {
            call.out().array(0);
            return;
        }
        call.out().array(to - from + 1);
        entry.list().write(from, to - from + 1, call.out());
    }

    private static void trim(Call call) {
        long start = call.integer(2);
        long stop = call.integer(3);
        Entry entry = call.write(1, ValueType.LIST);
        if (entry != null) {
            ListValue list = entry.list();
            long size = list.size();
            long from = Math.max(0, start < 0 ? start + size : start);
            long to = Math.min(size - 1, stop < 0 ? stop + size : stop);
            if (from > to) {
                Lists.remove(call.segment(), entry, 0, size);
            } else {
                Lists.remove(call.segment(), entry, to + 1, size - to - 1);
                Lists.remove(call.segment(), entry, 0, from);
            }
            call.event(KeyEvents.LIST, "ltrim", 1);
            gone(call, list, 1);
        }
        call.out().ok();
    }

    private static void remove(Call call) {
        long count = call.integer(2);
        Entry entry = call.write(1, ValueType.LIST);
        if (entry == null) {
            call.out().integer(0);
            return;
        }
        ListValue list = entry.list();
        long wanted = count == 0 || count == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(count);
        List<Long> found = new ArrayList<>();
        list.find(call.bytes(3), count < 0, 0, index -> {
            found.add(index);
            return found.size() < wanted;
        });
        // From the tail on, so that an index stays right while others go.
        List<Long> order = count < 0 ? found : found.reversed();
        for (long index : order) {
            Lists.remove(call.segment(), entry, index, 1);
        }
        if (!found.isEmpty()) {
            call.event(KeyEvents.LIST, "lrem", 1);
            gone(call, list, 1);
        }
        call.out().integer(found.size());
    }

    private static void position(Call call) {
        long rank = 1;
        @Nullable Long count = null;
        long compared = 0;
        for (int i = 3; i < call.count(); i += 2) {
            boolean more = i + 1 < call.count();
            if (more && call.args().is(i, "RANK")) {
                rank = call.integer(i + 1);
                if (rank == Long.MIN_VALUE) {
                    throw new CommandException("ERR value is out of range, value must between " + -Long.MAX_VALUE
                            + " and " + Long.MAX_VALUE);
                }
                if (rank == 0) {
                    throw new CommandException("ERR RANK can't be zero: use 1 to start from the first match, 2 from"
                            + " the second ... or use negative to start from the end of the list");
                }
            } else if (more && call.args().is(i, "COUNT")) {
                count = call.integer(i + 1, 0, Long.MAX_VALUE, "COUNT can't be negative");
            } else if (more && call.args().is(i, "MAXLEN")) {
                compared = call.integer(i + 1, 0, Long.MAX_VALUE, "MAXLEN can't be negative");
            } else {
                throw CommandException.syntax();
            }
        }
        Entry entry = call.read(1, ValueType.LIST);
        long wanted = count == null ? 1 : count == 0 ? Long.MAX_VALUE : count;
        long[] skip = {Math.abs(rank) - 1};
        List<Long> found = new ArrayList<>();
        if (entry != null) {
            entry.list().find(call.bytes(2), rank < 0, compared, index -> {
                if (skip[0] > 0) {
                    skip[0]--;
                } else {
                    found.add(index);
                }
                return found.size() < wanted;
            });
        }
        if (count != null) {
            call.out().array(found.size());
            found.forEach(call.out()::integer);
        } else if (found.isEmpty()) {
            call.out().nullBulk();
        } else {
            call.out().integer(found.getFirst());
        }
    }
}
