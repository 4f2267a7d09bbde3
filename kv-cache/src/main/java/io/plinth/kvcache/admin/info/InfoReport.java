package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.admin.CommandReport;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** INFO: which sections are asked for. Safe for all loops. */
public final class InfoReport {
    private static final List<String> SECTIONS = List.of(
            "server",
            "clients",
            "memory",
            "persistence",
            "stats",
            "replication",
            "cpu",
            "modules",
            "commandstats",
            "errorstats",
            "latencystats",
            "cluster",
            "keyspace");
    private static final Set<String> ALL = Set.of("all", "everything");
    private static final Set<String> ONLY_IN_ALL = Set.of("commandstats", "latencystats");

    private final InfoSources sources;

    public InfoReport(InfoSources sources) {
        this.sources = sources;
    }

    /** The command. */
    public void write(Call call) {
        Set<String> wanted = new TreeSet<>();
        for (int i = 1; i < call.count(); i++) {
            wanted.add(call.text(i).toLowerCase(Locale.ROOT));
        }
        boolean all = wanted.stream().anyMatch(ALL::contains);
        boolean standard = wanted.isEmpty() || wanted.contains("default");
        InfoText text = new InfoText();
        KeySums sums = new KeySums(call.keyspace());
        for (String section : SECTIONS) {
            if (all || wanted.contains(section) || (standard && !ONLY_IN_ALL.contains(section))) {
                section(section, call, sums, text);
            }
        }
        call.out().verbatim(text.toString());
    }

    private void section(String section, Call call, KeySums sums, InfoText text) {
        switch (section) {
            case "server" -> ServerSection.write(sources, call, text);
            case "clients" -> ClientsSection.write(sources, call.node(), text);
            case "memory" -> MemorySection.write(sources, call.node(), sums, text);
            case "persistence" -> PersistenceSection.write(sources, call, text);
            case "stats" -> StatsSection.write(sources, call.node(), text);
            case "replication" -> ReplicationSection.write(sources, call, text);
            case "cpu" -> CpuSection.write(sources, text);
            case "modules" -> text.section("Modules");
            case "cluster" -> {
                text.section("Cluster");
                text.line("cluster_enabled", call.node().topology().get().clustered() ? 1 : 0);
            }
            case "commandstats" -> {
                text.section("Commandstats");
                CommandReport.commands(call, text::line);
            }
            case "errorstats" -> {
                text.section("Errorstats");
                CommandReport.errors(call, text::line);
            }
            case "latencystats" -> {
                text.section("Latencystats");
                CommandReport.latencies(call, text::line);
            }
            default -> keyspace(call, sums, text);
        }
    }

    private static void keyspace(Call call, KeySums sums, InfoText text) {
        text.section("Keyspace");
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            long keys = sums.keys(db);
            if (keys > 0) {
                long ttl = sums.averageTtl(db, call.now());
                text.line("db" + db, "keys=" + keys + ",expires=" + sums.expiring(db) + ",avg_ttl=" + ttl);
            }
        }
    }
}
