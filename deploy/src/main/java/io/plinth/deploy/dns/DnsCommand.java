package io.plinth.deploy.dns;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code plinth dns}. */
@Command(
        name = "dns",
        header = "Takes over the configuration of another DNS server.",
        mixinStandardHelpOptions = true,
        subcommands = DnsCommand.Import.class)
public final class DnsCommand implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        usage(spec);
    }

    private static void usage(@Nullable CommandSpec spec) {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    /** {@code plinth dns import}. */
    @Command(
            name = "import",
            header = "Makes a stack's file and zone files of it.",
            mixinStandardHelpOptions = true,
            subcommands = GdnsdCommand.class)
    static final class Import implements Runnable {
        @Spec
        private @Nullable CommandSpec spec;

        @Override
        public void run() {
            usage(spec);
        }
    }
}
