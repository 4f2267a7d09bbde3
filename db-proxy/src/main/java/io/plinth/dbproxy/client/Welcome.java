package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.session.SessionSettings;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What a client is told once it is let in. Stateless. */
final class Welcome {
    private Welcome() {}

    /** {@code parameters} is what servers report; what the client has asked for takes their place. */
    static void write(
            ByteBuf out,
            SessionSettings settings,
            StartupSettings asked,
            Map<String, String> parameters,
            CancelKeys.Key key) {
        BackendWriter.authenticationOk(out);
        Map<String, String> reported = new TreeMap<>(parameters);
        reported.put("in_hot_standby", "off");
        Map<String, String> spelled = new HashMap<>();
        reported.keySet().forEach(name -> spelled.put(name.toLowerCase(Locale.ROOT), name));
        reported.put("application_name", "");
        asked.values().forEach((name, value) -> {
            String reportedName = name.equals("application_name") ? name : spelled.get(name);
            if (reportedName != null && !name.equals("datestyle")) {
                reported.put(reportedName, value);
            }
        });
        reported.forEach((name, value) -> {
            settings.tell(name, value);
            BackendWriter.parameterStatus(out, name, value);
        });
        BackendWriter.backendKey(out, key.process(), key.secret().array());
        BackendWriter.ready(out, Backend.IDLE);
    }
}
