/** What is kept beside keys for the patterns of caching: rules by prefix, leases, soft deadlines, tags, absences, quotas. */
@NullMarked
package io.plinth.kvcache.pattern;

import org.jspecify.annotations.NullMarked;
