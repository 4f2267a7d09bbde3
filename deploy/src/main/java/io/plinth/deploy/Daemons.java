package io.plinth.deploy;

import io.plinth.dbproxy.DbProxyMain;
import io.plinth.geodns.GeoDnsMain;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kvcache.KvCacheMain;
import io.plinth.lbproxy.LbProxyMain;
import io.plinth.mqbroker.MqBrokerMain;
import java.util.List;
import java.util.Optional;

/** Every kind of daemon there is. */
public final class Daemons {
    /** In the order of the journey of a request. */
    public static final List<DaemonType> ALL =
            List.of(GeoDnsMain.TYPE, LbProxyMain.TYPE, KvCacheMain.TYPE, MqBrokerMain.TYPE, DbProxyMain.TYPE);

    private Daemons() {}

    /** The kind of that name. */
    public static Optional<DaemonType> named(String kind) {
        return ALL.stream().filter(type -> type.kind().equals(kind)).findFirst();
    }
}
