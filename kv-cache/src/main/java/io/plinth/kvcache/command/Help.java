package io.plinth.kvcache.command;

import java.util.List;

/** The reply of a container command's HELP. */
public final class Help {
    private Help() {}

    /** Writes what the container that is called knows. */
    public static void write(Call call) {
        List<String> lines = call.executor().table().helps().of(call.command().name());
        call.out().array(lines.size());
        lines.forEach(call.out()::simple);
    }
}
