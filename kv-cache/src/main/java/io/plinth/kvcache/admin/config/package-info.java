/** CONFIG: Redis's names, what of them this node is set to, and what is only kept. */
@NullMarked
package io.plinth.kvcache.admin.config;

import org.jspecify.annotations.NullMarked;
