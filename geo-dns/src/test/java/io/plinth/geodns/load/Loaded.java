package io.plinth.geodns.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.GeoDnsMain;
import io.plinth.geodns.answer.AddressAliases;
import io.plinth.geodns.answer.Asker;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A server without sockets that has its file loaded as a node has, with health as the test says. */
final class Loaded implements Health {
    static final String ZONE = """
        $TTL 300
        @    SOA    ns1 hostmaster 1 2 3 4 60
        @    NS     ns1
        ns1  A      192.0.2.1
        """;

    private final Set<String> down = new HashSet<>();
    private final Map<String, Integer> loads = new HashMap<>();
    private final Map<String, Integer> weights = new HashMap<>();
    private final SnapshotLoader loader;
    private final StackFile file;
    private final GeoDnsConfig config;
    private Snapshot snapshot;
    private Asker asker;

    /** With this in the zone shop.example, and these keys in the section. */
    Loaded(Path folder, String records, String section) throws IOException, ConfigException {
        Files.writeString(folder.resolve("shop.example.zone"), ZONE + records);
        Path path = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            regions: { eu: { serves: [EU] }, us: { serves: [NA] } }
            geo-dns:
              zones: { shop.example: shop.example.zone }
            %s
            nodes: { dns-1: { run: geo-dns, region: eu } }
            """.formatted(section.indent(2)));
        file = StackFiles.read(path, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
        NodeConfig node = file.stack().nodes().values().iterator().next();
        config = file.section(node, GeoDnsConfig.class);
        loader = new SnapshotLoader("eu", new Registry(), AddressAliases.NONE, new SplittableRandom(1));
        snapshot = whole(loader.load(file, config, new Overlay(Map.of(), Map.of(), Map.of()), Zones.NONE));
        asker = new Asker(snapshot);
        use();
    }

    private void use() {
        asker = new Asker(snapshot.withHealth(this));
    }

    /** What the API changed. */
    void overlay(Overlay overlay) throws ConfigException {
        snapshot = whole(loader.load(file, config, overlay, snapshot.zones()));
        use();
    }

    /** What the API changes now. */
    void change(Overlay before, Overlay overlay) throws ConfigException {
        snapshot = whole(loader.change(snapshot, file, config, before, overlay));
        use();
    }

    void down(String... targets) {
        down.clear();
        down.addAll(List.of(targets));
        use();
    }

    void load(String member, int percent) {
        loads.put(member, percent);
        use();
    }

    void weight(String target, int percent) {
        weights.put(target, percent);
        use();
    }

    @Override
    public boolean healthy(Target target) {
        return !down.contains(target.address());
    }

    @Override
    public int load(String policy, String member) {
        return loads.getOrDefault(member, 0);
    }

    @Override
    public int weight(Target target) {
        return weights.getOrDefault(target.address(), WHOLE);
    }

    Asker asker() {
        return asker;
    }

    Message ask(String name, int type, String client) {
        InetAddress address = InetAddress.ofLiteral(client);
        return asker.udp(Asker.query(
                name, type, new ClientSubnetOption(address.getAddress().length == 4 ? 32 : 128, address)));
    }

    /** The data of the answer for www, in the order it came. */
    List<String> www(String client) {
        return ask("www.shop.example.", Type.A, client).getSection(Section.ANSWER).stream()
                .map(org.xbill.DNS.Record::rdataToString)
                .toList();
    }

    int scope(String client) {
        List<EDNSOption> options =
                ask("www.shop.example.", Type.A, client).getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET);
        assertThat(options).hasSize(1);
        return ((ClientSubnetOption) options.getFirst()).getScopePrefixLength();
    }

    private static Snapshot whole(Snapshot loaded) throws ConfigException {
        if (!loaded.zones().broken().isEmpty()) {
            throw new ConfigException(loaded.zones().broken().values().stream()
                    .flatMap(List::stream)
                    .toList());
        }
        return loaded;
    }
}
