package io.plinth.deploy.start;

import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.process.Procfs;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** Tries every address before anything is started, so that a port in use is one line and nothing is left behind. */
public final class Preflight {
    private static final int TCP_LISTEN = 0x0A;

    private final Procfs procfs;

    public Preflight(Procfs procfs) {
        this.procfs = procfs;
    }

    /** One line for every address that cannot be bound. */
    public List<String> problems(Collection<Claim> claims) {
        List<String> problems = new ArrayList<>();
        for (Claim claim : claims) {
            if (claim.at().port() == 0) {
                continue;
            }
            String reason = refusal(claim);
            if (!reason.isEmpty()) {
                problems.add(claim.at() + " (" + claim.unit() + ", " + claim.listener() + "): " + reason
                        + "; free it or change " + claim.key());
            }
        }
        return problems;
    }

    private String refusal(Claim claim) {
        InetSocketAddress address;
        try {
            address = new InetSocketAddress(
                    InetAddress.getByName(claim.at().host()), claim.at().port());
        } catch (UnknownHostException e) {
            return "no address of that name";
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(address);
        } catch (IOException e) {
            return reason(e, address);
        }
        if (claim.udp()) {
            try (DatagramSocket socket = new DatagramSocket(null)) {
                socket.bind(address);
            } catch (IOException e) {
                return reason(e, address) + " (UDP)";
            }
        }
        return "";
    }

    private String reason(IOException e, InetSocketAddress address) {
        String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("in use")) {
            return "in use" + owner(address.getPort());
        }
        return message.contains("permission") ? "not allowed to bind a port below 1024" : message;
    }

    /** The process that listens on the port, where this account may see it. */
    private String owner(int port) {
        for (String table : List.of("tcp", "tcp6")) {
            for (String line : procfs.net(table)) {
                String[] fields = line.split("\\s+", -1);
                if (fields.length > 9
                        && Integer.parseInt(fields[3], 16) == TCP_LISTEN
                        && fields[1].endsWith(String.format(Locale.ROOT, ":%04X", port))) {
                    return holder(Long.parseLong(fields[9]));
                }
            }
        }
        return "";
    }

    private String holder(long inode) {
        for (long pid : procfs.all()) {
            if (procfs.holdsSocket(pid, inode)) {
                String command = procfs.commandLine(pid);
                String shown = command.length() > 40 ? command.substring(0, 40) + "…" : command;
                return " by process " + pid + (shown.isEmpty() ? "" : " (" + shown + ")");
            }
        }
        return "";
    }
}
