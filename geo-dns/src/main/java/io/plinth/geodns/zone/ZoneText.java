package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** A zone as a zone file, one record a line, names absolute and in order. Stateless. */
public final class ZoneText {
    private static final int SERIAL = 2;

    private ZoneText() {}

    /** Changes one record set, or takes it away where {@code lines} is null; the serial number goes up. */
    public record Edit(Name owner, int type, @Nullable List<String> lines) {}

    /** Writes a zone, without the policies that the configuration has at its names; {@code policies} names the others. */
    public static String format(Zone zone, IntFunction<@Nullable String> policies, @Nullable Edit edit) {
        List<Node> nodes = new ArrayList<>();
        zone.forEach(nodes::add);
        nodes.sort(Comparator.comparingInt((Node node) -> node.name().labels())
                .thenComparing(node -> node.name().toString().toLowerCase(Locale.ROOT)));
        StringBuilder text = new StringBuilder();
        boolean replaced = false;
        for (Node node : nodes) {
            boolean here = edit != null && node.name().equals(edit.owner());
            for (RecordSet set : node.sets()) {
                if (!here || edit == null || set.type() != edit.type()) {
                    set(text, set, edit != null);
                }
            }
            Name alias = node.alias();
            if (alias != null && !(here && edit != null && edit.type() == RecordType.ALIAS)) {
                line(text, node.name(), "0 IN ALIAS " + alias);
            }
            String policy = node.policy() == Node.NO_POLICY || zone.isListed(node.name())
                    ? null
                    : policies.apply(node.policy());
            if (policy != null && !(here && edit != null && edit.type() == RecordType.POLICY)) {
                line(text, node.name(), "0 IN POLICY \"" + policy + "\"");
            }
            if (here && edit != null) {
                replaced = true;
                edited(text, edit);
            }
        }
        if (edit != null && !replaced) {
            edited(text, edit);
        }
        return text.toString();
    }

    private static void edited(StringBuilder text, Edit edit) {
        List<String> lines = edit.lines();
        if (lines != null) {
            lines.forEach(data -> {
                int blank = data.indexOf(' ');
                line(
                        text,
                        edit.owner(),
                        data.substring(0, Math.max(0, blank)) + " IN " + RecordType.name(edit.type())
                                + data.substring(Math.max(0, blank)));
            });
        }
    }

    private static void set(StringBuilder text, RecordSet set, boolean risen) {
        for (Rdata data : set.records()) {
            String words = RdataText.format(set.type(), data);
            if (risen && set.type() == RecordType.SOA) {
                String[] soa = words.split(" ", -1);
                soa[SERIAL] = Integer.toUnsignedString(Integer.parseUnsignedInt(soa[SERIAL]) + 1);
                words = String.join(" ", soa);
            }
            line(text, set.owner(), set.ttl() + " IN " + RecordType.name(set.type()) + " " + words);
        }
    }

    private static void line(StringBuilder text, Name owner, String rest) {
        text.append(owner).append(' ').append(rest).append('\n');
    }
}
