/** Tests of what administrators see. */
@NullMarked
package io.plinth.kvcache.admin;

import org.jspecify.annotations.NullMarked;
