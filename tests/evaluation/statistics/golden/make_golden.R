# Freezes what R's ordinal says about our own data set; run in this folder: Rscript make_golden.R
library(ordinal)

pairwise <- function(fit, levels, names) {
  effects <- c(0, fit$beta[names])
  covariance <- vcov(fit)
  rows <- list()
  for (i in seq_along(levels)) for (j in seq_along(levels)) if (i < j) {
    weights <- setNames(rep(0, ncol(covariance)), colnames(covariance))
    if (i > 1) weights[names[i - 1]] <- weights[names[i - 1]] + 1
    if (j > 1) weights[names[j - 1]] <- weights[names[j - 1]] - 1
    estimate <- effects[[i]] - effects[[j]]
    se <- sqrt(drop(weights %*% covariance %*% weights))
    rows[[length(rows) + 1]] <- data.frame(first = levels[i], second = levels[j], estimate, se,
                                           p = 2 * pnorm(-abs(estimate / se)))
  }
  table <- do.call(rbind, rows)
  table$p_adjusted <- p.adjust(table$p, "holm")
  table
}

freeze <- function(fit, name) {
  rows <- rbind(
    data.frame(part = "log_likelihood", term = "", estimate = as.numeric(logLik(fit)), se = NA),
    data.frame(part = "threshold", term = names(fit$Theta[1, ]), estimate = as.numeric(fit$Theta[1, ]),
               se = sqrt(diag(vcov(fit)))[seq_along(fit$alpha)]),
    data.frame(part = "coefficient", term = names(fit$beta), estimate = as.numeric(fit$beta),
               se = sqrt(diag(vcov(fit)))[names(fit$beta)]),
    data.frame(part = "random_sd", term = names(fit$ST), estimate = sapply(fit$ST, function(s) s[1, 1]), se = NA))
  write.csv(rows, paste0(name, ".csv"), row.names = FALSE)
}

ratings <- read.csv("crossed_data.csv", stringsAsFactors = TRUE)
ratings$usefulness <- factor(ratings$usefulness, ordered = TRUE)
two <- clmm(usefulness ~ method + (1 | rater) + (1 | case), data = ratings, Hess = TRUE)
freeze(two, "crossed_two")
time <- system.time(
  four <- clmm(usefulness ~ method + (1 | rater) + (1 | case) + (1 | rater:method) + (1 | case:method),
               data = ratings, Hess = TRUE))
print(time)
freeze(four, "crossed_four")
methods <- levels(ratings$method)
write.csv(pairwise(four, methods, paste0("method", methods[-1])), "crossed_contrasts.csv", row.names = FALSE)
writeLines(c(R.version.string, paste("ordinal", packageVersion("ordinal"))), "versions.txt")
