package io.plinth.kvcache.command;

import java.util.Locale;

/** The reply of a container command's HELP. */
public final class Help {
    private Help() {}

    /** Writes the usage of each subcommand. */
    public static void write(Call call, String container, String... usages) {
        call.out().array(usages.length + 3L);
        call.out()
                .simple(container.toUpperCase(Locale.ROOT)
                        + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        for (String usage : usages) {
            call.out().simple(usage);
        }
        call.out().simple("HELP");
        call.out().simple("    Prints this help.");
    }
}
