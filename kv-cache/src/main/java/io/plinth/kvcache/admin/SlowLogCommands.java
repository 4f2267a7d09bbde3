package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.stats.SlowLog;
import io.plinth.kvcache.wire.Numbers;
import java.util.List;
import java.util.Locale;

/** SLOWLOG. */
final class SlowLogCommands {
    private static final long STANDARD = 10;

    private SlowLogCommands() {}

    static void run(Call call) {
        SlowLog log = call.node().stats().slowLog();
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "GET" -> get(call, log);
            case "LEN" -> call.out().integer(log.length());
            case "RESET" -> {
                log.clear();
                call.out().ok();
            }
            default -> Help.write(call);
        }
    }

    private static void get(Call call, SlowLog log) {
        if (call.count() > 3) {
            throw CommandException.form(call.text(1), "SLOWLOG");
        }
        long count = STANDARD;
        if (call.count() == 3) {
            count = Numbers.parse(
                    call.args().buffer(), call.args().offset(2), call.args().length(2));
            if (count == Numbers.INVALID || count < -1) {
                throw new CommandException("ERR count should be greater than or equal to -1");
            }
        }
        List<SlowLog.Slow> last = log.last(count);
        call.out().array(last.size());
        for (SlowLog.Slow slow : last) {
            call.out().array(6);
            call.out().integer(slow.id());
            call.out().integer(slow.seconds());
            call.out().integer(slow.micros());
            call.out().array(slow.args().size());
            slow.args().forEach(call.out()::bulk);
            call.out().bulk(slow.address());
            call.out().bulk(slow.name());
        }
    }
}
