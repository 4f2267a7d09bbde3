package io.plinth.geodns.policy;

import io.plinth.geodns.place.GeoIndex;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by the thread that compiles: policies and what is healthy now, turned into choosers. */
final class PolicyCompiler {
    private final Map<String, Policy> policies;
    private final Health health;
    private boolean pretend;
    private int depth;

    PolicyCompiler(Map<String, Policy> policies, Health health) {
        this.policies = policies;
        this.health = health;
    }

    /** What a policy answers; it always answers something. */
    Chooser root(Policy policy) {
        int ttl = ttl(policy);
        Chooser chooser = compile(policy, ttl);
        return chooser != null ? chooser : lost(policy, ttl, List.of());
    }

    /** The time to the next possible change of any target it may answer, between the policy's bounds. */
    private int ttl(Policy policy) {
        return Math.clamp(soonest(policy, 0), policy.ttl().floor(), policy.ttl().ceiling());
    }

    private int soonest(Policy policy, int level) {
        int soonest = Integer.MAX_VALUE;
        for (Member member : policy.members()) {
            for (Target target : member.targets()) {
                soonest = Math.min(soonest, health.secondsToChange(target));
            }
            Policy nested = member.policy() == null ? null : policies.get(member.policy());
            if (nested != null && level < Policy.MAX_DEPTH) {
                soonest = Math.min(soonest, soonest(nested, level + 1));
            }
        }
        return soonest;
    }

    /** Null where everything is down, so that a policy above goes on to its next member. */
    private @Nullable Chooser compile(Policy policy, int ttl) {
        List<@Nullable Chooser> members = new ArrayList<>();
        for (Member member : policy.members()) {
            members.add(member(policy, member, ttl));
        }
        return switch (policy.by()) {
            case WEIGHTED -> weighted(policy, members);
            case MULTIVALUE -> multivalue(policy, ttl);
            case GEO, NEAREST, LATENCY, FAILOVER -> ordered(policy, members, ttl);
        };
    }

    private @Nullable Chooser member(Policy policy, Member member, int ttl) {
        if (member.policy() != null) {
            Policy nested = policies.get(member.policy());
            if (nested == null || depth >= Policy.MAX_DEPTH) {
                return null;
            }
            depth++;
            try {
                return compile(nested, ttl);
            } finally {
                depth--;
            }
        }
        List<Target> up = up(member.targets());
        boolean enough = !up.isEmpty()
                && (policy.by() == Policy.By.WEIGHTED
                        || up.size() >= policy.upShare() * member.targets().size());
        return enough ? new Chooser.End(Choice.of(policy.name(), member, up, ttl, policy.picks(), pretend)) : null;
    }

    private List<Target> up(List<Target> targets) {
        return pretend ? targets : targets.stream().filter(health::healthy).toList();
    }

    private @Nullable Chooser weighted(Policy policy, List<@Nullable Chooser> members) {
        List<String> names = new ArrayList<>();
        List<Long> weights = new ArrayList<>();
        List<Chooser> up = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            Chooser chooser = members.get(i);
            Member member = policy.members().get(i);
            long weight = member.weight() * share(member);
            if (chooser != null && weight > 0) {
                names.add(member.name());
                weights.add(weight);
                up.add(chooser);
            }
        }
        long all = policy.members().stream().mapToLong(Member::weight).sum() * Health.WHOLE;
        long healthy = weights.stream().mapToLong(Long::longValue).sum();
        return up.isEmpty() || (!pretend && healthy < policy.upShare() * all)
                ? null
                : up.size() == 1
                        ? up.getFirst()
                        : new Chooser.Weighted(policy.name(), names, whole(weights), up, policy.sticky());
    }

    /** What its targets want of its weight, on average, in parts of {@link Health#WHOLE}. */
    private long share(Member member) {
        List<Target> up = up(member.targets());
        return pretend || up.isEmpty()
                ? Health.WHOLE
                : up.stream().mapToLong(health::weight).sum() / up.size();
    }

    /** In the least whole numbers, and small enough that their sum is one too. */
    private static List<Integer> whole(List<Long> weights) {
        long divisor = weights.stream().reduce(0L, PolicyCompiler::common);
        long most = weights.stream().mapToLong(weight -> weight / divisor).sum() / Integer.MAX_VALUE + 1;
        return weights.stream()
                .map(weight -> (int) Math.max(1, weight / divisor / most))
                .toList();
    }

    private static long common(long one, long other) {
        return other == 0 ? one : common(other, one % other);
    }

    /** All healthy targets of all members in one set, of which each answer has some. */
    private @Nullable Chooser multivalue(Policy policy, int ttl) {
        List<Target> up = up(policy.targets());
        if (up.isEmpty() || up.size() < policy.upShare() * policy.targets().size()) {
            return null;
        }
        return new Chooser.End(Choice.of(policy.name(), policy.members().getFirst(), up, ttl, policy.picks(), pretend));
    }

    private @Nullable Chooser ordered(Policy policy, List<@Nullable Chooser> members, int ttl) {
        GeoIndex index = policy.index();
        if (index == null) {
            throw new IllegalStateException("policy " + policy.name() + " - without orders");
        }
        List<@Nullable Chooser> byOrder = new ArrayList<>();
        boolean any = false;
        for (List<Integer> order : index.orders()) {
            Chooser chooser =
                    inOrder(policy, members, policy.fence() ? order.subList(0, Math.min(1, order.size())) : order);
            any |= chooser != null;
            byOrder.add(chooser);
        }
        if (!any) {
            return null;
        }
        List<Chooser> whole = new ArrayList<>();
        for (int i = 0; i < byOrder.size(); i++) {
            Chooser chooser = byOrder.get(i);
            List<Integer> order = index.orders().get(i);
            whole.add(
                    chooser != null
                            ? chooser
                            : order.isEmpty()
                                    ? new Chooser.End(Choice.nothing(policy.name()))
                                    : lost(policy, ttl, order));
        }
        return whole.size() == 1 ? whole.getFirst() : new Chooser.ByPlace(policy.name(), index, whole);
    }

    private @Nullable Chooser inOrder(Policy policy, List<@Nullable Chooser> members, List<Integer> order) {
        Chooser next = null;
        // From the last on, so that each that sheds knows where to.
        for (int i = order.size() - 1; i >= 0; i--) {
            Chooser chooser = members.get(order.get(i));
            if (chooser == null) {
                continue;
            }
            String name = policy.members().get(order.get(i)).name();
            int percent = pretend || next == null ? 0 : policy.shedding().percent(health.load(policy.name(), name));
            next = percent == 0 || next == null ? chooser : new Chooser.Shed(policy.name(), chooser, next, percent);
        }
        return next;
    }

    /** With nothing healthy, for a whole policy or for the clients of one order. */
    private Chooser lost(Policy policy, int ttl, List<Integer> order) {
        if (policy.allDown() == Policy.AllDown.NONE) {
            return new Chooser.End(Choice.nothing(policy.name()));
        }
        boolean before = pretend;
        pretend = true;
        try {
            String fallback = policy.allDown() == Policy.AllDown.FALLBACK ? policy.fallback() : null;
            for (Member member : policy.members()) {
                if (member.name().equals(fallback)) {
                    return orNothing(policy, member(policy, member, ttl));
                }
            }
            if (!order.isEmpty()) {
                return orNothing(policy, member(policy, policy.members().get(order.getFirst()), ttl));
            }
            return orNothing(policy, compile(policy, ttl));
        } finally {
            pretend = before;
        }
    }

    private static Chooser orNothing(Policy policy, @Nullable Chooser chooser) {
        return chooser != null ? chooser : new Chooser.End(Choice.nothing(policy.name()));
    }
}
