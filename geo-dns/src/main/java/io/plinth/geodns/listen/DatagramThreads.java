package io.plinth.geodns.listen;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the node's runner thread: takes bound UDP sockets off their event loops and gives each a thread. */
public final class DatagramThreads {
    private static final Logger LOG = LoggerFactory.getLogger(DatagramThreads.class);

    private final ResponderFactory responders;
    private final ThreadFactory threads;
    private final List<DatagramThread> running = new ArrayList<>();

    /** Threads whose sockets each get a responder. */
    public DatagramThreads(ResponderFactory responders, ThreadFactory threads) {
        this.responders = responders;
        this.threads = threads;
    }

    /** Takes sockets over; those of other transports than epoll stay where they are. */
    public void take(List<Channel> channels) {
        if (!SystemCalls.areThere()) {
            LOG.warn("udp.transport native: not on this system, so netty's is used");
            return;
        }
        for (Channel channel : channels) {
            if (channel instanceof EpollDatagramChannel epoll) {
                channel.deregister().awaitUninterruptibly();
                DatagramThread work = new DatagramThread(epoll.fd().intValue(), responders);
                running.add(work);
                threads.newThread(work).start();
            } else {
                LOG.info("udp.transport native: needs the epoll transport, so {} stays with netty", channel);
            }
        }
    }

    /** Ends all threads; the sockets are closed by whoever bound them. */
    public void stop() {
        running.forEach(DatagramThread::stop);
        running.forEach(DatagramThread::awaitEnd);
        running.clear();
    }
}
