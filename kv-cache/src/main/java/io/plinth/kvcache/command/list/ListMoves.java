package io.plinth.kvcache.command.list;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Lists;
import java.util.ArrayList;
import java.util.List;

/** Commands that move an element between lists or pop from one of several, and those that wait until they can. */
final class ListMoves {
    private ListMoves() {}

    static void register(CommandTable.Builder to) {
        to.add(
                "lmove",
                "Moves an element from one list to another.",
                call -> move(call, side(call, 3), side(call, 4), -1));
        to.add("blmove", "Moves an element, waiting for one.", call -> {
            boolean from = side(call, 3);
            boolean into = side(call, 4);
            move(call, from, into, call.timeout(5));
        });
        to.add("rpoplpush", "Moves the last element to another list's head.", call -> move(call, false, true, -1));
        to.add(
                "brpoplpush",
                "Moves the last element, waiting for one.",
                call -> move(call, false, true, call.timeout(3)));
        to.add("lmpop", "Takes elements from the first list that has some.", call -> multi(call, 1));
        to.add("blmpop", "Takes elements, waiting for some.", call -> multi(call, 2));
        to.add("blpop", "Takes the first element of a list, waiting for one.", call -> first(call, true));
        to.add("brpop", "Takes the last element of a list, waiting for one.", call -> first(call, false));
    }

    private static boolean side(Call call, int arg) {
        if (call.args().is(arg, "LEFT")) {
            return true;
        }
        if (call.args().is(arg, "RIGHT")) {
            return false;
        }
        throw CommandException.syntax();
    }

    /** {@code timeout} is negative for a command that does not wait. */
    private static void move(Call call, boolean fromLeft, boolean toLeft, long timeout) {
        Entry from = call.write(1, ValueType.LIST);
        if (from == null) {
            if (timeout < 0) {
                call.out().nullBulk();
            } else {
                call.block(List.of(1), ValueType.LIST, timeout, false, call.args());
            }
            return;
        }
        KeyRef target = call.second(2, call.client().db());
        // A list that is moved to itself has one entry, as it lies elsewhere once it is changed.
        Entry to = call.key().same(target) ? from : call.segment(target).find(target, call.now());
        if (to != null && to.type() != ValueType.LIST) {
            throw CommandException.wrongType();
        }
        ListValue source = from.list();
        byte[] value = source.get(fromLeft ? 0 : -1);
        if (value == null) {
            throw new IllegalStateException("list: empty (expected: removed with its last element)");
        }
        // The element is added first, so that a list that is moved to itself does not go in between.
        if (to == null) {
            to = call.segment(target).addEmpty(target, new ListValue(), call.now());
        }
        Lists.push(call.segment(target), to, toLeft, value);
        Lists.pop(call.segment(), from, fromLeft);
        call.event(KeyEvents.LIST, toLeft ? "lpush" : "rpush", 2);
        call.event(KeyEvents.LIST, fromLeft ? "lpop" : "rpop", 1);
        ListCommands.gone(call, source, 1);
        call.out().bulk(value);
    }

    private static void multi(Call call, int numberArg) {
        long number = call.integer(numberArg, 1, Long.MAX_VALUE, "numkeys should be greater than 0");
        if (number >= call.count() - numberArg - 1) {
            throw CommandException.syntax();
        }
        int whereArg = numberArg + (int) number + 1;
        boolean left = side(call, whereArg);
        long count = 1;
        for (int i = whereArg + 1; i < call.count(); i += 2) {
            if (i > whereArg + 1 || !call.args().is(i, "COUNT") || i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            count = call.integer(i + 1, 1, Long.MAX_VALUE, "count should be greater than 0");
        }
        long timeout = numberArg == 1 ? -1 : call.timeout(1);
        List<Integer> keys = new ArrayList<>();
        for (int i = numberArg + 1; i < whereArg; i++) {
            Entry entry = !call.considers(i) ? null : call.write(i, ValueType.LIST);
            if (entry != null) {
                call.out().array(2);
                call.out().bulk(call.bytes(i));
                ListCommands.take(call, entry, i, left, count);
                return;
            }
            keys.add(i);
        }
        if (timeout < 0) {
            call.out().nullArray();
        } else {
            call.block(keys, ValueType.LIST, timeout, true, call.args());
        }
    }

    private static void first(Call call, boolean left) {
        long timeout = call.timeout(call.count() - 1);
        List<Integer> keys = new ArrayList<>();
        for (int i = 1; i < call.count() - 1; i++) {
            Entry entry = !call.considers(i) ? null : call.write(i, ValueType.LIST);
            if (entry != null) {
                ListValue list = entry.list();
                byte[] value = Lists.pop(call.segment(), entry, left);
                call.event(KeyEvents.LIST, left ? "lpop" : "rpop", i);
                ListCommands.gone(call, list, i);
                call.out().array(2);
                call.out().bulk(call.bytes(i));
                call.out().bulkOrNull(value);
                return;
            }
            keys.add(i);
        }
        call.block(keys, ValueType.LIST, timeout, true, call.args());
    }
}
