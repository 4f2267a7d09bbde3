package io.plinth.geodns.change;

import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneText;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a snapshot serves, as the API takes it. Stateless. */
public final class ServedText {
    private ServedText() {}

    /** What stands under the key of a change; null for what no snapshot has, such as an override. */
    public static @Nullable String of(Snapshot snapshot, String key) {
        String[] parts = key.split("/", 3);
        return switch (parts[0]) {
            case "zones" -> {
                Zone zone = snapshot.zones().zone(Name.parse(parts[1]));
                yield zone == null ? "" : zone(snapshot, zone, null);
            }
            case "targets" -> {
                Policy policy = snapshot.policies().find(parts[1]);
                yield policy == null
                        ? ""
                        : policy.targets().stream()
                                .filter(target -> target.region().equals(parts[2]))
                                .map(Target::address)
                                .collect(Collectors.joining("\n"));
            }
            default -> null;
        };
    }

    /** A zone, as it is or with a record set changed. */
    public static String zone(Snapshot snapshot, Zone zone, ZoneText.@Nullable Edit edit) {
        return ZoneText.format(
                zone,
                number -> snapshot.policies().all().stream()
                        .filter(policy -> policy.number() == number)
                        .map(Policy::name)
                        .findFirst()
                        .orElse(null),
                edit);
    }
}
