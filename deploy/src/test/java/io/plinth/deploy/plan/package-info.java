/** Tests. */
@NullMarked
package io.plinth.deploy.plan;

import org.jspecify.annotations.NullMarked;
