// Copyright (c) 2026 The calibra authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "calibra/conventions/calibra.hpp"
#include "calibra/conventions/clip_calibration.hpp"
#include "calibra/conventions/focal.hpp"
#include "calibra/conventions/guo2017.hpp"
#include "calibra/conventions/helm.hpp"
#include "calibra/conventions/hle.hpp"
#include "calibra/conventions/inspect_browsecomp.hpp"
#include "calibra/conventions/lm_eval.hpp"
#include "calibra/conventions/netcal.hpp"
#include "calibra/conventions/nn_calibration.hpp"
#include "calibra/conventions/probmetrics.hpp"
#include "calibra/conventions/relplot.hpp"
#include "calibra/conventions/robustness_metrics.hpp"
#include "calibra/conventions/sklearn.hpp"
#include "calibra/conventions/tfp.hpp"
#include "calibra/conventions/torch_uncertainty.hpp"
#include "calibra/conventions/torchmetrics.hpp"
#include "calibra/conventions/verified.hpp"
#include "calibra/evaluate/convention.hpp"

namespace calibra::conventions {

/// All of them, the default first: one line each.
[[nodiscard]] inline const std::vector<const convention*>& all() {
  static const std::vector<const convention*> list{
      &calibra,
      &guo2017,
      &torchmetrics,
      &netcal,
      &verified,
      &relplot,
      &probmetrics,
      &torch_uncertainty,
      &clip_calibration,
      &robustness_metrics,
      &tfp,
      &nn_calibration,
      &sklearn,
      &focal,
      &hle,
      &inspect_browsecomp,
      &helm,
      &lm_eval,
  };
  return list;
}

/// The convention of that name, in upper or lower case. Throws option_error naming the known ones.
[[nodiscard]] inline const convention& find(std::string_view name) {
  const auto same = [](std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::tolower(static_cast<unsigned char>(a[i])) !=
          std::tolower(static_cast<unsigned char>(b[i])))
        return false;
    return true;
  };
  std::string known;
  for (const convention* c : all()) {
    if (same(c->name, name)) return *c;
    known += calibra::detail::concat(known.empty() ? "" : ", ", c->name);
  }
  throw option_error(
      calibra::detail::concat("convention: expected one of ", known, "; got \"", name, "\""));
}

/// What a convention does, in words: its own settings, and calibra's for the rest.
[[nodiscard]] inline std::vector<convention_setting> settings_of(const convention& c) {
  std::vector<convention_setting> out(calibra.settings.begin(), calibra.settings.end());
  for (const convention_setting& own : c.settings) {
    bool known = false;
    for (convention_setting& s : out)
      if (s.what == own.what) {
        s.how = own.how;
        known = true;
      }
    if (!known) out.push_back(own);
  }
  return out;
}

}  // namespace calibra::conventions
