/** Commands about the node's process and about what other servers and modules would have: most are answered as of a Redis that has none. */
@NullMarked
package io.plinth.kvcache.admin.process;

import org.jspecify.annotations.NullMarked;
