/** INFO: what the node tells of itself, section by section, under Redis's names and in Redis's order. */
@NullMarked
package io.plinth.kvcache.admin.info;

import org.jspecify.annotations.NullMarked;
