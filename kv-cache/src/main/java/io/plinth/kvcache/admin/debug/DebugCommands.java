package io.plinth.kvcache.admin.debug;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.stats.SlowLog;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Doubles;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** DEBUG, where the file allows it: what looks into the node, and what changes how it works for a test. */
public final class DebugCommands {
    private static final Logger LOG = LoggerFactory.getLogger(DebugCommands.class);
    private static final long LONGEST_SLEEP = 60_000;
    private static final long LARGEST_PACKED = 4L << 30;

    /** The switches of parts that this node does not have; what they switch is so already, or means nothing. */
    private static final Set<String> SWITCHES = Set.of("DICT-RESIZING", "CLIENT-ENFORCE-REPLY-LIST");

    private final Supplier<String> ids;
    private final Consumer<Boolean> rest;

    private DebugCommands(Supplier<String> ids, Consumer<Boolean> rest) {
        this.ids = ids;
        this.rest = rest;
    }

    /** Adds it; {@code ids} makes names of histories of changes, {@code rest} ends or begins the removal of what nobody looks at. */
    public static void register(CommandTable.Builder to, Supplier<String> ids, Consumer<Boolean> rest) {
        to.add(
                "debug",
                Flag.EVERYTHING | Flag.PROTECTED,
                "Lets test tools look inside.",
                new DebugCommands(ids, rest)::run);
    }

    private void run(Call call) {
        String form = call.text(1).toUpperCase(Locale.ROOT);
        int count = call.count();
        switch (form) {
            case "HELP" -> {
                expect(call, count == 2);
                Help.write(call);
            }
            case "SLEEP" -> {
                expect(call, count == 3);
                sleep(call);
            }
            case "SET-ACTIVE-EXPIRE", "PAUSE-CRON" -> {
                expect(call, count == 3);
                boolean zero = call.args().is(2, "0");
                rest.accept(form.equals("PAUSE-CRON") != zero);
                call.out().ok();
            }
            case "CHANGE-REPL-ID" -> {
                expect(call, count == 2);
                call.node().settings().replicationId(ids.get());
                call.out().ok();
            }
            case "ERROR" -> {
                expect(call, count == 3);
                call.out().error(call.text(2).replace('\r', ' ').replace('\n', ' '));
            }
            case "LOG" -> {
                expect(call, count == 3);
                LOG.warn("DEBUG LOG: {}", CommandException.clean(call.text(2)));
                call.out().ok();
            }
            case "STRUCTSIZE" -> {
                expect(call, count == 2);
                call.out().bulk("bits:64 key:" + Keyspace.KEY_SHARE + " expiry:" + Keyspace.EXPIRY_SHARE + " ");
            }
            case "PROTOCOL" -> {
                expect(call, count == 3);
                DebugProtocol.write(call.out(), call.text(2).toLowerCase(Locale.ROOT));
            }
            case "LOADAOF" ->
                throw new CommandException("ERR DEBUG LOADAOF: the journal is read at the start (expected: a restart)");
            case "CLIENT-EVICTION" -> throw new CommandException("ERR maxmemory-clients is disabled.");
            default -> keysOrSwitch(call, form);
        }
    }

    private static void keysOrSwitch(Call call, String form) {
        int count = call.count();
        switch (form) {
            case "QUICKLIST-PACKED-THRESHOLD" -> {
                expect(call, count == 3);
                threshold(call);
            }
            case "REPLYBUFFER" -> {
                expect(
                        call,
                        count == 4
                                && (call.args().is(2, "PEAK-RESET-TIME")
                                        || call.args().is(2, "RESIZING")));
                call.out().ok();
            }
            default -> {
                if (SWITCHES.contains(form) && count == 3) {
                    call.out().ok();
                } else if (!DebugKeys.run(call, form)) {
                    throw CommandException.form(call.text(1), "DEBUG");
                }
            }
        }
    }

    static void expect(Call call, boolean form) {
        if (!form) {
            throw CommandException.form(call.text(1), "DEBUG");
        }
    }

    /** All lists are packed alike here: the value is checked, and means nothing. */
    private static void threshold(Call call) {
        long bytes;
        try {
            bytes = bytes(call.text(2).toLowerCase(Locale.ROOT));
        } catch (NumberFormatException e) {
            bytes = -1;
        }
        if (bytes < 0 || bytes > LARGEST_PACKED) {
            throw new CommandException("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
        }
        call.out().ok();
    }

    private static long bytes(String text) {
        String digits = text.replaceFirst("[kmg]?b?$", "");
        String unit = text.substring(digits.length());
        long one = unit.isEmpty()
                ? 1
                : switch (unit.charAt(0)) {
                    case 'k' -> unit.length() == 1 ? 1_000L : 1L << 10;
                    case 'm' -> unit.length() == 1 ? 1_000_000L : 1L << 20;
                    case 'g' -> unit.length() == 1 ? 1_000_000_000L : 1L << 30;
                    default -> 1L;
                };
        return Math.multiplyExact(Integer.parseInt(digits), one);
    }

    /** Nothing on a loop sleeps: all commands wait instead, and this one's reply comes when they go on. */
    private static void sleep(Call call) {
        byte[] given = call.bytes(2);
        double number = Doubles.parse(given, 0, given.length);
        // As strtod has it.
        double seconds = Double.isNaN(number) ? 0 : number;
        long millis = (long) Math.clamp(seconds * 1000, 0, LONGEST_SLEEP);
        Client client = call.client();
        call.node().clients().pause(call.now() + millis, false);
        if (!call.mayBlock()) {
            // Within EXEC the other replies would come before this one; what comes after EXEC waits.
            call.out().ok();
            return;
        }
        var executor = call.executor();
        var command = call.command();
        List<byte[]> shown = SlowLog.shown(command.name(), call.args());
        call.measureElsewhere();
        Blocked sleeping = new Blocked() {
            @Override
            public boolean end(boolean error) {
                return false;
            }

            @Override
            public void abandon() {}
        };
        client.blocked(sleeping);
        client.outlet().schedule(millis, () -> {
            if (!client.closing()) {
                client.blocked(null);
                executor.ended(command, client, shown, false, TimeUnit.MILLISECONDS.toNanos(millis));
                client.out().ok();
                client.outlet().unblocked();
            }
        });
    }
}
