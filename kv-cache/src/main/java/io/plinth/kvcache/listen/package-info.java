/**
 * Where connections come in and time goes by: the listener's pipeline, and each loop's own work between reads.
 */
@NullMarked
package io.plinth.kvcache.listen;

import org.jspecify.annotations.NullMarked;
