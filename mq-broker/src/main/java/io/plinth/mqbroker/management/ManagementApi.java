package io.plinth.mqbroker.management;

import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.management.node.Certificates;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.session.Broker;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** RabbitMQ's HTTP API over this broker. */
public final class ManagementApi {
    /** A socket the node listens on. */
    public record Listener(String protocol, String address, int port) {}

    /** Something of which so much is used and so much may be. */
    public record Gauge(LongSupplier current, LongSupplier most) {
        long used() {
            return current.getAsLong();
        }

        long limit() {
            return most.getAsLong();
        }
    }

    /**
     * What is told of the node itself.
     *
     * @param version RabbitMQ's version that clients are told
     */
    public record Node(
            String name,
            String product,
            String version,
            Gauge memory,
            Gauge disk,
            Supplier<List<Listener>> sockets,
            Supplier<List<Certificates.Shown>> tls) {
        List<Listener> listeners() {
            return sockets.get();
        }

        List<Certificates.Shown> certificates() {
            return tls.get();
        }
    }

    private ManagementApi() {}

    /** All routes. */
    public static ApiTable routes(Broker broker, Survey survey, Node node, Executor worker) {
        ApiTable table = new ApiTable();
        Changes changes = new Changes(broker, worker);
        new OverviewApi(changes, survey, node).register(table);
        new HealthApi(changes, node).register(table);
        new LoginApi(changes, node.name()).register(table);
        new ConnectionsApi(changes, survey, node.name()).register(table);
        new QueuesApi(changes, survey, node.name()).register(table);
        new ExchangesApi(changes, survey).register(table);
        new MessagesApi(changes).register(table);
        new BindingsApi(changes).register(table);
        AccessApi access = new AccessApi(changes);
        access.register(table);
        VhostsApi vhosts = new VhostsApi(changes, survey, node.name());
        vhosts.register(table);
        PoliciesApi policies = new PoliciesApi(changes);
        policies.register(table);
        new DefinitionsApi(changes, access, vhosts, policies, node.version()).register(table);
        return table;
    }
}
